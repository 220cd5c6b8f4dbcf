"""A folder with Debian 13's HAProxy, Keepalived, nftables, firewalld, ufw and shellcheck: programs that only check, never run.

Made once, in some 15 seconds, from this machine's own package sources; kept in the user's cache folder. The packages are
unpacked and not configured, so nothing is started and nothing of this machine changes.
"""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from twinkeel.debian.sources import acquire_options, debian_stanzas, machine_release
from twinkeel.support.user_folders import cache_folder

SUITE = "trixie"
PACKAGES = (
    *("base-files", "coreutils", "dash", "grep", "sed"),
    *("haproxy", "keepalived", "frr", "nftables", "iptables", "ipset", "firewalld", "dbus-daemon", "ufw", "shellcheck", "secilc"),
)
# A mirror may be away for a moment; one that stays away says nothing about our files.
ATTEMPTS = 2
MIRROR_TROUBLE = re.compile(r"resolve|connect|timed out|[Ff]etch|download|50\d |Release file|Hash Sum mismatch|apt-get update")
# What the packages' own scripts would have made.
USERS = {"root": 0, "haproxy": 901, "nobody": 65534}
IPTABLES = [f"{program}{what}" for program in ("iptables", "ip6tables") for what in ("", "-restore", "-save")]


def ensure_root() -> Path:
    """The folder. Skips the test, with the reason, where it cannot be made."""
    if os.geteuid() != 0:
        pytest.skip("another release's checkers need root (chroot)")
    recipe = hashlib.sha256(repr((SUITE, PACKAGES, USERS, 1)).encode()).hexdigest()[:12]
    root = cache_folder() / f"checkers-{recipe}"
    if not root.is_dir():
        if shutil.which("mmdebstrap") is None:
            pytest.skip("mmdebstrap is not installed")
        partial = root.with_name(f"{root.name}.{os.getpid()}")
        try:
            _unpack(partial)
            _settle(partial)
            partial.rename(root)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return root


def run(root: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """A command inside, with a network namespace of its own that has nothing but a loopback, and with a /proc."""
    script = 'mount -t proc proc "$1/proc" && root=$1 && shift && exec chroot "$root" "$@"'
    command = ["unshare", "--net", "--mount", "sh", "-c", script, "sh", str(root), *argv]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def _unpack(folder: Path) -> None:
    release = machine_release()[1]
    # The mirror that this machine's owner chose; only the suite's name is another.
    stanzas = [re.sub(rf"\b{release}\b", SUITE, stanza) for stanza in debian_stanzas(release)]
    if not stanzas:
        pytest.skip("apt has no Debian source for this release")
    folder.parent.mkdir(parents=True, exist_ok=True)
    argv = ["mmdebstrap", "--variant=extract", "--format=directory", f"--include={','.join(PACKAGES)}"]
    argv += [*(f"--aptopt={option}" for option in acquire_options()), SUITE, str(folder), "-"]
    for _ in range(ATTEMPTS):
        ended = subprocess.run(argv, input="\n\n".join(stanzas) + "\n", capture_output=True, text=True, timeout=500, check=False)
        if ended.returncode == 0:
            return
        shutil.rmtree(folder, ignore_errors=True)
    if MIRROR_TROUBLE.search(ended.stderr):
        pytest.skip(f"the mirror does not give {SUITE}: {ended.stderr[-500:]}")
    pytest.fail(f"mmdebstrap ended with {ended.returncode}: {ended.stderr[-2000:]}")


def _settle(root: Path) -> None:
    (root / "etc/passwd").write_text("".join(f"{name}:x:{uid}:{uid}::/:/bin/sh\n" for name, uid in USERS.items()))
    (root / "etc/group").write_text("".join(f"{name}:x:{uid}:\n" for name, uid in USERS.items()))
    for name in IPTABLES:
        (root / "usr/sbin" / name).unlink(missing_ok=True)
        (root / "usr/sbin" / name).symlink_to("xtables-nft-multi")
    for rules in [*(root / "usr/share/ufw").glob("*.rules"), root / "usr/share/ufw/ufw.conf"]:
        shutil.copy(rules, root / "etc/ufw")
    defaults = root / "etc/default/ufw"
    defaults.write_text(re.sub(r"^IPV6=.*$", "IPV6=yes", defaults.read_text(), flags=re.MULTILINE))
