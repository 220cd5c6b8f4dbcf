"""Removing folders and looking for space, with care."""

import shutil
from pathlib import Path

from twinkeel.errors import LabError

GIB = 1 << 30


def require_space(folder: Path, needed: int, what: str) -> None:
    """See that `needed` bytes are free where `folder` is or will be.

    Raises:
        LabError: the file system is nearly full.
    """
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if free < needed:
        message = f"the disk is nearly full: {what} needs {needed / GIB:.1f} GiB, {free / GIB:.1f} GiB are free"
        raise LabError(message, where=str(existing), hint="free some space and run the command again")


def remove_tree(folder: Path) -> None:
    """Remove a folder if it is there.

    Raises:
        LabError: something is mounted in it: what is mounted might not be ours.
    """
    if not folder.exists():
        return
    mounted = [path for path in _mountpoints() if path.is_relative_to(folder.resolve())]
    if mounted:
        raise LabError("something is mounted inside a folder that is to be removed", where=str(mounted[0]), hint="unmount it first")
    shutil.rmtree(folder)


def _mountpoints() -> list[Path]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [Path(line.split()[4].encode().decode("unicode_escape")) for line in lines]
