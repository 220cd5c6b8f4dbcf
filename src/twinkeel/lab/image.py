"""The image that every host is an overlay of: Debian, made once by mmdebstrap and kept in the cache folder."""

import fcntl
import hashlib
import os
import shlex
import subprocess
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_path

from twinkeel.debian.sources import acquire_options, debian_stanzas, machine_release
from twinkeel.errors import ToolError
from twinkeel.lab import local_repository
from twinkeel.lab.folders import GIB, remove_tree, require_space

# What is being done, and how far the whole is (0 to 1).
Progress = Callable[[str, float], None]

# Bump it when this file's way of building changes what comes out.
RECIPE_VERSION = 2

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
REPOSITORY_PACKAGES: tuple[str, ...] = ("haproxy", "keepalived")

# Services of packages that only some hosts start, and housekeeping that a lab's short life does not need.
DISABLED_UNITS = ("etcd.service", "containerd.service", "e2scrub_reap.service", "systemd-pstore.service", "remote-fs.target")
MASKED_UNITS = (
    *("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer", "man-db.timer"),
    *("getty@tty1.service", "console-getty.service", "systemd-logind.service"),
    *("modprobe@.service", "sys-kernel-debug.mount", "sys-kernel-tracing.mount", "sys-fs-fuse-connections.mount"),
    *("dev-hugepages.mount", "dev-mqueue.mount", "systemd-remount-fs.service", "systemd-machine-id-commit.service"),
)

# A host that may write to /proc/sys must not change the machine's own kernel settings with Debian's defaults.
FILES = {
    "etc/sysctl.d/50-pid-max.conf": "",
    "etc/sysctl.d/99-protect-links.conf": "",
    "etc/systemd/journald.conf.d/lab.conf": "[Journal]\nStorage=persistent\nSystemMaxUse=128M\nRateLimitBurst=0\n",
    "etc/systemd/system.conf.d/lab.conf": "[Manager]\nDefaultTimeoutStopSec=20s\n",
}

# mmdebstrap's own lines -> how far the build is when the line appears, measured on two cores.
STAGES = {
    "running apt-get update": 0.02,
    "downloading packages": 0.08,
    "extracting archives": 0.20,
    "installing essential packages": 0.30,
    "installing remaining packages": 0.40,
    "running --customize-hook": 0.85,
    "cleaning package lists": 0.90,
}

BUILD_SPACE = 3 * GIB


def cache_folder() -> Path:
    """Where the image and the Kubernetes programs are kept between labs."""
    return user_cache_path("twinkeel")


def recipe_hash(suite: str, *, bare: bool = False) -> str:
    """Twelve characters that change when the image would. `bare`: the image of hosts on which an installer puts Kubernetes."""
    packages = BARE_PACKAGES if bare else PACKAGES
    recipe = (RECIPE_VERSION, suite, packages, REPOSITORY_PACKAGES, DISABLED_UNITS, MASKED_UNITS, FILES, os.uname().machine)
    return hashlib.sha256(repr(recipe).encode()).hexdigest()[:12]


def image_path(cache: Path | None = None, *, bare: bool = False) -> Path:
    """Where the image for this machine's release stands, or will stand."""
    return (cache or cache_folder()) / f"image-{recipe_hash(machine_release()[1], bare=bare)}"


def ensure_image(progress: Progress, cache: Path | None = None, *, bare: bool = False) -> Path:
    """The image's folder; built if it is not there. An interrupted build leaves nothing that counts as an image.

    Raises:
        ToolError: mmdebstrap failed, or this machine has no Debian sources.
        LabError: the disk is nearly full.
    """
    final = image_path(cache, bare=bare)
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
                _build(partial, lock, progress, bare=bare)
                partial.rename(final)
            finally:
                remove_tree(partial)
    return final


def _build(partial: Path, lock: int, progress: Progress, *, bare: bool) -> None:
    _, suite = machine_release()
    stanzas = debian_stanzas(suite)
    if not stanzas:
        hint = "the image is made from the machine's own Debian sources: add one for this release"
        raise ToolError(f"apt has no enabled Debian source for {suite or 'this system'}", where="/etc/apt", hint=hint)
    # The program ends with us (setpriv), and holds the lock until it has: no second build meets the first one's remains.
    argv = ["setpriv", "--pdeathsig", "TERM", "mmdebstrap", "--variant=minbase", "--format=directory"]
    argv += [f"--include={','.join(BARE_PACKAGES if bare else PACKAGES)}", *(f"--aptopt={option}" for option in acquire_options())]
    argv += [f"--customize-hook={_download_hook()}", suite, str(partial), "-"]
    _run_mmdebstrap(argv, "\n\n".join(stanzas) + "\n", lock, progress)
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


def _run_mmdebstrap(argv: list[str], sources: str, lock: int, progress: Progress) -> None:
    progress("starting mmdebstrap", 0.0)
    last: deque[str] = deque(maxlen=8)
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace", pass_fds=[lock]
    ) as child:
        try:
            assert child.stdin is not None  # noqa: S101 - for the type checker; PIPE gives a stream
            assert child.stderr is not None  # noqa: S101
            child.stdin.write(sources)
            child.stdin.close()
            for line in child.stderr:
                last.append(line.rstrip())
                for text, fraction in STAGES.items():
                    if text in line:
                        progress(text, fraction)
            code = child.wait()
        except BaseException:
            child.terminate()
            raise
    if code != 0:
        errors = [line for line in last if line.startswith("E:")] or list(last)[-1:]
        hint = "see whether `apt-get update` works on this machine, then run the command again"
        raise ToolError(f"mmdebstrap ended with {code}: {'; '.join(errors)}", hint=hint)


def _settle(image: Path) -> None:
    """What makes an installed system an image: no keys, no identity, nothing started that a host did not ask for."""
    for name in DISABLED_UNITS:
        for link in (image / "etc/systemd/system").glob(f"*.wants/{name}"):
            link.unlink()
    for name in MASKED_UNITS:
        for link in (image / "etc/systemd/system").glob(f"*.wants/{name}"):
            link.unlink()
        mask = image / "etc/systemd/system" / name
        mask.unlink(missing_ok=True)
        mask.symlink_to("/dev/null")
    for key in (image / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    for name in ("etc/machine-id", "etc/hostname", "etc/resolv.conf"):
        (image / name).unlink(missing_ok=True)
    (image / "var/log/journal").mkdir(exist_ok=True)
    for name, text in FILES.items():
        (image / name).parent.mkdir(parents=True, exist_ok=True)
        (image / name).write_text(text)


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
