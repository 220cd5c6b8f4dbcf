"""Write a kubeconfig: private, atomic, and never over a file that somebody else wrote."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from twinkeel.errors import UsageError
from twinkeel.support.replace_file import replace_file

MARK = "# Written by `twinkeel kubeconfig` for the cluster "


class Written(StrEnum):
    """What became of the file."""

    new = "written"
    replaced = "replaced"
    unchanged = "unchanged"


def write_kubeconfig(path: Path, cluster: str, text: str, *, force: bool = False) -> Written:
    """Write the kubeconfig with mode 0600; a file of ours that it replaces is kept as `PATH.bak`.

    Args:
        cluster: the spec's name of the cluster, for the file's first line.
        force: also replace a file that this function did not write.

    Raises:
        UsageError: there is a file that this function did not write (and `force` is not set), or a folder.
        OSError: it cannot be written.
    """
    target = path.resolve()
    content = f"{MARK}{cluster}; run it again to renew this file.\n{text}".encode()
    old = _existing(target, force=force)
    if old == content:
        target.chmod(0o600)
        return Written.unchanged
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if old is not None:
        replace_file(target.with_name(f"{target.name}.bak"), old)
    replace_file(target, content)
    return Written.new if old is None else Written.replaced


def update_kubeconfig(path: Path, change: Callable[[str], str]) -> Written:
    """Change a kubeconfig that others change, too: under kubectl's lock, atomic, mode 0600, the old one kept as `PATH.bak`.

    Args:
        change: gets the file's text (empty when there is none) and gives the new one.

    Raises:
        UsageError: another program holds the lock, or the file is a folder.
        OSError: it cannot be written.
    """
    target = path.resolve()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _kubectl_lock(target):
        old = _existing(target, force=True)
        content = change((old or b"").decode()).encode()
        if content == old:
            target.chmod(0o600)
            return Written.unchanged
        if old is not None:
            replace_file(target.with_name(f"{target.name}.bak"), old)
        replace_file(target, content)
        return Written.new if old is None else Written.replaced


@contextmanager
def _kubectl_lock(target: Path) -> Iterator[None]:
    """The lock file that kubectl makes while it changes a kubeconfig."""
    lock = target.with_name(f"{target.name}.lock")
    try:
        os.close(os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        hint = "wait for it; when no kubectl runs, the lock was left behind: remove it"
        raise UsageError("another program is changing the kubeconfig", where=str(lock), hint=hint) from None
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _existing(target: Path, *, force: bool) -> bytes | None:
    if target.is_dir():
        raise UsageError("the output is a folder", where=str(target), hint="name a file with --output")
    try:
        content = target.read_bytes()
    except FileNotFoundError:
        return None
    if not content.startswith(MARK.encode()) and not force:
        hint = "choose another file with --output, or replace it with --force (the old one is kept as .bak)"
        raise UsageError("a file is there that twinkeel did not write", where=str(target), hint=hint)
    return content
