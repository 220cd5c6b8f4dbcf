"""Entering namespaces from Python 3.11, which has no os.setns of its own."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twinkeel.errors import LabError

# <linux/sched.h> and <linux/mount.h>
CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000
MS_REC = 0x4000
MS_SLAVE = 1 << 19
MS_BIND = 0x1000
MS_SHARED = 1 << 20
MNT_DETACH = 2

_libc = ctypes.CDLL(None, use_errno=True)


def setns(path: str | Path, kind: int) -> None:
    """Move the calling thread into the namespace at `path`. A mount namespace needs a process of one thread."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _check(_libc.setns(descriptor, kind), f"cannot enter the namespace {path}")
    finally:
        os.close(descriptor)


def unshare_mounts() -> None:
    """Give the calling process its own mount namespace; mounts made in it stay in it."""
    _check(_libc.unshare(CLONE_NEWNS), "cannot make a mount namespace")
    _check(_libc.mount(b"none", b"/", None, MS_REC | MS_SLAVE, None), "cannot make mounts private")


def bind_mount(source: Path, target: Path) -> None:
    """Show `source` at `target` in the present mount namespace."""
    _check(_libc.mount(bytes(source), bytes(target), None, MS_BIND, None), f"cannot mount {source} on {target}")


def create_network(path: Path) -> None:
    """Make a network namespace and keep it at `path`, where `ip netns` finds it; see ip-netns(8).

    Done without a child process: a child would carry our signal handlers, and one that is interrupted would clean up our lab.
    """
    path.parent.mkdir(exist_ok=True)
    if _libc.mount(b"", bytes(path.parent), b"none", MS_SHARED | MS_REC, None) != 0:
        _check(_libc.mount(bytes(path.parent), bytes(path.parent), b"none", MS_BIND | MS_REC, None), f"cannot share {path.parent}")
        _check(_libc.mount(b"", bytes(path.parent), b"none", MS_SHARED | MS_REC, None), f"cannot share {path.parent}")
    path.touch(mode=0o444, exist_ok=False)
    with _returning():
        _check(_libc.unshare(CLONE_NEWNET), "cannot make a network namespace")
        bind_mount(Path("/proc/thread-self/ns/net"), path)


def remove_network(path: Path) -> None:
    """Remove what `create_network` made, even if that was stopped halfway. The namespace ends with its last process."""
    if path.exists():
        _libc.umount2(bytes(path), MNT_DETACH)
        path.unlink()


@contextmanager
def in_network(path: Path) -> Iterator[None]:
    """Sockets that this thread opens inside the `with` belong to that network namespace, for as long as they live."""
    with _returning():
        setns(path, CLONE_NEWNET)
        yield


@contextmanager
def _returning() -> Iterator[None]:
    original = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield
    finally:
        result = _libc.setns(original, CLONE_NEWNET)
        os.close(original)
        _check(result, "cannot return to the first network namespace")


def network_inode(path: str | Path = "/proc/self/ns/net") -> int:
    """What tells one network namespace from another."""
    return os.stat(path).st_ino


def enter(pid: int) -> bool:
    """Go to the network and mount namespaces of a process; False when we may not see them. The working folder is kept."""
    folder = Path.cwd()
    try:
        setns(f"/proc/{pid}/ns/net", CLONE_NEWNET)
        setns(f"/proc/{pid}/ns/mnt", CLONE_NEWNS)
    except (OSError, LabError):
        return False
    os.chdir(folder if folder.is_dir() else "/")
    return True


def _check(result: int, what: str) -> None:
    if result != 0:
        raise LabError(f"{what}: {os.strerror(ctypes.get_errno())}", hint="`twinkeel lab` needs root and namespaces")
