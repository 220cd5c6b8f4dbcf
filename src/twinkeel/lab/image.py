"""The image that every host is an overlay of: Debian, made once by mmdebstrap and kept in the cache folder."""

import fcntl
import hashlib
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twinkeel.debian.sources import acquire_options, suite_sources
from twinkeel.debian.suites import SUITES, Suite
from twinkeel.lab import local_repository, mmdebstrap
from twinkeel.lab.folders import GIB, remove_tree, require_space
from twinkeel.lab.mmdebstrap import Progress
from twinkeel.support.user_folders import cache_folder
from twinkeel.vip.daemons import VIP_DAEMONS

# Bump it when this file's way of building changes what comes out.
RECIPE_VERSION = 3

BARE_PACKAGES: tuple[str, ...] = (
    *("systemd", "systemd-sysv", "dbus", "openssh-server", "sudo", "python3", "python3-apt", "ca-certificates"),
    *("iproute2", "iputils-ping", "procps", "nftables", "iptables", "conntrack", "socat", "ethtool", "kmod", "curl"),
)
PACKAGES: tuple[str, ...] = (
    *BARE_PACKAGES,
    *("etcd-server", "etcd-client", "containerd", "runc", "containernetworking-plugins"),
)

# A bare host's apt thinks that it last read its sources then: what installs packages there reads them again.
LISTS_READ = 1_000_000_000

# Not installed: a load balancer starts bare, as a new machine does, and takes these from the image's own repository.
REPOSITORY_PACKAGES: tuple[str, ...] = ("haproxy", *(daemon.unit for daemon in VIP_DAEMONS), "frr-pythontools")

# Services of packages that only some hosts start, and housekeeping that a lab's short life does not need.
DISABLED_UNITS = ("etcd.service", "containerd.service", "e2scrub_reap.service", "systemd-pstore.service", "remote-fs.target")
MASKED_UNITS = (
    *("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer", "man-db.timer"),
    *("getty@tty1.service", "console-getty.service", "systemd-logind.service", "systemd-logind-varlink.socket"),
    *("modprobe@.service", "sys-kernel-debug.mount", "sys-kernel-tracing.mount", "sys-fs-fuse-connections.mount"),
    *("dev-hugepages.mount", "dev-mqueue.mount", "systemd-remount-fs.service", "systemd-machine-id-commit.service"),
)

FILES = {
    "etc/systemd/journald.conf.d/lab.conf": "[Journal]\nStorage=persistent\nSystemMaxUse=128M\nRateLimitBurst=0\n",
    "etc/systemd/system.conf.d/lab.conf": "[Manager]\nDefaultTimeoutStopSec=20s\n",
}

BUILD_SPACE = 3 * GIB


def recipe_hash(suite: str, *, bare: bool = False) -> str:
    """Twelve characters that change when the image would. `bare`: the image of hosts on which an installer puts Kubernetes."""
    packages = _packages(suite, bare=bare)
    recipe = (RECIPE_VERSION, suite, packages, REPOSITORY_PACKAGES, DISABLED_UNITS, MASKED_UNITS, FILES, os.uname().machine)
    return hashlib.sha256(repr(recipe).encode()).hexdigest()[:12]


def _packages(suite: str, *, bare: bool) -> tuple[str, ...]:
    beyond = SUITES[suite].beyond_minimum if suite in SUITES else ()
    return (*(BARE_PACKAGES if bare else PACKAGES), *beyond)


def image_path(suite: str, cache: Path | None = None, *, bare: bool = False) -> Path:
    """Where the image of a suite stands, or will stand."""
    return (cache or cache_folder()) / f"image-{recipe_hash(suite, bare=bare)}"


def ensure_image(progress: Progress, suite: Suite, cache: Path | None = None, *, bare: bool = False) -> Path:
    """The image's folder; built if it is not there. An interrupted build leaves nothing that counts as an image.

    Raises:
        ToolError: mmdebstrap failed, or this machine has no sources or no keys to make the suite from.
        LabError: the disk is nearly full.
    """
    final = image_path(suite.name, cache, bare=bare)
    if final.is_dir():
        return final
    final.parent.mkdir(parents=True, exist_ok=True)
    with _build_lock(final.parent / "image.lock", progress) as lock:
        if not final.is_dir():
            for partial in final.parent.glob("image-*.partial"):
                remove_tree(partial)
            require_space(final.parent, BUILD_SPACE, "building the image")
            partial = final.with_suffix(".partial")
            try:
                _build(partial, suite, lock, progress, bare=bare)
                partial.rename(final)
            finally:
                remove_tree(partial)
    return final


def _build(partial: Path, suite: Suite, lock: int, progress: Progress, *, bare: bool) -> None:
    stanzas = suite_sources(suite)
    # The program ends with us (setpriv), and holds the lock until it has: no second build meets the first one's remains.
    # What it mounts it mounts in a namespace of its own: killed, it would leave /proc and others mounted below the image for good.
    argv = ["setpriv", "--pdeathsig", "TERM", "unshare", "--mount", "mmdebstrap", "--variant=minbase", "--format=directory"]
    argv += [f"--include={','.join(_packages(suite.name, bare=bare))}", *(f"--aptopt={option}" for option in acquire_options())]
    argv += [f"--customize-hook={_download_hook()}", suite.name, str(partial), "-"]
    mmdebstrap.run(argv, "\n\n".join(stanzas) + "\n", lock, progress, suite=suite.name)
    progress("preparing the package repository", 0.92)
    local_repository.write_index(partial)
    _settle(partial)
    if bare:
        age_lists(partial)
    progress("image ready", 1.0)


def _download_hook() -> str:
    """Fetch the packages of the image's own repository, with all that they need and the image has not."""
    packages = shlex.join(REPOSITORY_PACKAGES)
    return (
        f'mkdir -p "$1/{local_repository.FOLDER}/partial" && '
        f'APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get --yes --download-only --no-install-recommends '
        f'-o "Dir::Cache::archives=$1/{local_repository.FOLDER}" install {packages} && '
        f'rm -rf "$1/{local_repository.FOLDER}/partial" "$1/{local_repository.FOLDER}/lock"'
    )


def _settle(image: Path) -> None:
    """What makes an installed system an image: no keys, no identity, nothing started that a host did not ask for."""
    units = image / "etc/systemd/system"
    # The links point into the image, to files that this machine has not: a pattern with their names finds none of them.
    for wants in units.glob("*.wants"):
        for name in (*DISABLED_UNITS, *MASKED_UNITS):
            (wants / name).unlink(missing_ok=True)
    for name in MASKED_UNITS:
        mask = units / name
        mask.unlink(missing_ok=True)
        mask.symlink_to("/dev/null")
    for key in (image / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    for name in ("etc/machine-id", "etc/hostname", "etc/resolv.conf"):
        (image / name).unlink(missing_ok=True)
    (image / "var/log/journal").mkdir(exist_ok=True)
    _silence_sysctls(image)
    # The packages' own scripts have done already what systemd would do at the first boot after an update (ConditionNeedsUpdate=).
    for name in ("etc/.updated", "var/.updated"):
        (image / name).touch()
    for name, text in FILES.items():
        (image / name).parent.mkdir(parents=True, exist_ok=True)
        (image / name).write_text(text)


def _silence_sysctls(image: Path) -> None:
    """A host that may write to /proc/sys must not change the machine's own kernel settings with Debian's defaults (sysctl.d(5)).

    Every release has others, in files of other names: an empty file of the same name in /etc counts instead of each.
    """
    for path in (image / "usr/lib/sysctl.d").glob("*.conf"):
        (image / "etc/sysctl.d" / path.name).write_text("")


def age_lists(image: Path) -> None:
    """Without it Ansible's apt module takes the image's empty lists for fresh ones for an hour (its cache_valid_time)."""
    (image / "var/lib/apt/periodic/update-success-stamp").unlink(missing_ok=True)
    os.utime(image / "var/lib/apt/lists", (LISTS_READ, LISTS_READ))


@contextmanager
def _build_lock(path: Path, progress: Progress) -> Iterator[int]:
    """One build at a time; yields the lock's descriptor. Waits for another's build."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("waiting for another command that builds the image", 0.0)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)
