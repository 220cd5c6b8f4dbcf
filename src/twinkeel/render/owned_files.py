"""Putting a file into a folder that we own, and taking one out."""

import os
from pathlib import Path


def put(target: Path, content: bytes, mode: int) -> bool:
    """Write one file with its mode, its folders made as needed; False when it was right already."""
    if target.is_file() and target.read_bytes() == content and target.stat().st_mode & 0o7777 == mode:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    # A new file, private from its first byte on: whoever had the old one open reads no password that comes now.
    target.unlink(missing_ok=True)
    with open(target, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as out:
        os.fchmod(out.fileno(), mode)
        out.write(content)
    return True


def remove(folder: Path, path: str) -> bool:
    """Remove a file and the folders that it leaves empty, up to `folder`; False when there is no such file."""
    stale = folder / path
    if not stale.is_file():
        return False
    stale.unlink()
    for parent in stale.relative_to(folder).parents:
        below = folder / parent
        if below == folder or any(below.iterdir()):
            break
        below.rmdir()
    return True
