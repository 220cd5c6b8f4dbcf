"""Debian's source packages of format 3.0 (quilt), unpacked without Debian's own tools: a machine need not have them."""

import tarfile
from pathlib import Path

from twinkeel.debian.commands import run
from twinkeel.errors import ToolError

_PATCHES = "debian/patches"


def unpack_source(description: Path, folder: Path, log: Path) -> list[Path]:
    """Unpack the upstream archive into `folder`, its first folder left out, and Debian's patches beside it.

    Args:
        description: the .dsc file; apt has verified the archives that lie beside it.

    Returns:
        The patches, in the order in which they are to be applied (with `patch --strip=1`).

    Raises:
        ToolError: an archive is missing or damaged.
    """
    name = description.stem
    folder.mkdir(parents=True)
    upstream = _only(description.parent, f"{name.rsplit('-', 1)[0]}.orig.tar.*")
    run(["tar", "--extract", "--no-same-owner", "--strip-components=1", f"--file={upstream}"], log=log, cwd=folder)
    return _patches(_only(description.parent, f"{name}.debian.tar.*"), description.parent / "patches")


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if not found:
        raise ToolError(f"the source package has no {pattern}", where=str(folder), hint="remove the folder and build again")
    return found[0]


def _patches(archive: Path, folder: Path) -> list[Path]:
    """Only the files that the list names are written, under a name of their own: nothing of the archive can lie elsewhere."""
    folder.mkdir(exist_ok=True)
    written: list[Path] = []
    try:
        with tarfile.open(archive) as tar:
            for number, name in enumerate(_series(tar)):
                target = folder / f"{number:03}.patch"
                target.write_bytes(_content(tar, f"{_PATCHES}/{name}"))
                written.append(target)
    except (tarfile.TarError, EOFError, KeyError) as error:
        raise ToolError(f"the archive is damaged: {error}", where=str(archive), hint="remove it and build again") from error
    return written


def _series(tar: tarfile.TarFile) -> list[str]:
    if f"{_PATCHES}/series" not in tar.getnames():
        return []
    lines = _content(tar, f"{_PATCHES}/series").decode().splitlines()
    return [line.split()[0] for line in lines if line.strip() and not line.startswith("#")]


def _content(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    return file.read() if file else b""
