"""Files that must not be there yet: all of them appear, whole, or none does."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from twinkeel.errors import ToolError, UsageError


@dataclass(frozen=True)
class NewFile:
    """What is to be written where, with which mode."""

    path: Path
    text: str
    mode: int = 0o644


def refuse_existing(paths: Sequence[Path], hint: str) -> None:
    """Raise UsageError when one of the paths is taken, even by a broken link, or its folder is not there."""
    for path in paths:
        if os.path.lexists(path):
            raise UsageError("the file is there already, and nothing is overwritten", where=str(path), hint=hint)
        if not path.parent.is_dir():
            raise UsageError("there is no such folder", where=str(path.parent), hint="make it first, or name another file")


def write_new(files: Sequence[NewFile]) -> None:
    """Write all files. When one cannot be written, or Ctrl-C comes in between, none is left behind.

    Raises UsageError when a file appeared meanwhile, and ToolError when the folder cannot be written to.
    """
    written: list[Path] = []
    try:
        for file in files:
            _write_one(file, written)
    except FileExistsError as error:
        _remove(written)
        raise UsageError("the file is there already, and nothing is overwritten", where=str(error.filename2)) from error
    except OSError as error:
        _remove(written)
        raise ToolError(f"the files cannot be written: {error.strerror}", where=str(files[0].path.parent)) from error
    except BaseException:
        _remove(written)
        raise


def _write_one(file: NewFile, written: list[Path]) -> None:
    # The temporary file has mode 0600 from its first byte on; a link, unlike a rename, never replaces what is there.
    with NamedTemporaryFile("w", encoding="utf-8", dir=file.path.parent, prefix=f".{file.path.name}-") as draft:
        draft.write(file.text)
        draft.flush()
        os.fchmod(draft.fileno(), file.mode)
        os.fsync(draft.fileno())
        os.link(draft.name, file.path)
        written.append(file.path)


def _remove(paths: Sequence[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
