"""Which specs are meant by files and folders: one of each cluster, in an order that does not change."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from twinkeel.errors import UsageError

SUFFIXES = (".yaml", ".yml")

# A file that somebody broke must not drop out of a check unseen, so its text is asked, not its structure: one of these keys at a
# line's beginning makes it a spec. They are the required ones that files of other programs hardly have.
MARKS = ("endpoint", "load_balancers", "control_plane")
_MARK = re.compile(rf"^(?:{'|'.join(MARKS)})[ \t]*:|^\{{", re.MULTILINE)
_SECRET = re.compile(r"^(?:vrrp_password|metrics_password|vrrp_key)[ \t]*:", re.MULTILINE)


class Found(NamedTuple):
    """`specs` in the order of the command line, a folder's by name; `left_out` are a folder's YAML files that are no specs."""

    specs: tuple[Path, ...]
    left_out: tuple[Path, ...] = ()


def find_specs(given: Sequence[Path]) -> Found:
    """The specs that files and folders stand for.

    A file that is named is a spec, whatever it holds. Of a folder count the files *.yaml and *.yml directly in it that are not
    hidden and have one of the keys `endpoint`, `load_balancers` and `control_plane`, whether they are valid or not.

    Raises:
        UsageError: a folder holds no spec, a file is named twice, or a folder cannot be read.
    """
    found = [_in_folder(path) if path.is_dir() else Found((path,)) for path in given]
    specs = tuple(path for each in found for path in each.specs)
    seen: dict[Path, Path] = {}
    for path in specs:
        if (other := seen.setdefault(path.resolve(), path)) is not path:
            raise UsageError("a spec is given twice", where=str(path), hint=f"it is the same file as {other}")
    return Found(specs, tuple(path for each in found for path in each.left_out))


def is_several(given: Sequence[Path]) -> bool:
    """Whether a command line asks about specs in the plural: more than one `-f`, or a folder, whatever it holds."""
    return len(given) != 1 or given[0].is_dir()


def _in_folder(folder: Path) -> Found:
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and not path.name.startswith("."))
        texts = {path: _text(path) for path in files if path.is_file()}
    except OSError as error:
        raise UsageError(f"the folder of specs cannot be read: {error.strerror}", where=error.filename or str(folder)) from error
    specs = tuple(path for path, text in texts.items() if text is None or _MARK.search(text))
    if not specs:
        hint = f"a spec is a file *.yaml or *.yml directly in it with one of the keys {', '.join(MARKS)}"
        raise UsageError("the folder holds no spec", where=str(folder), hint=hint)
    # The passwords beside a spec are expected there, and not worth a word.
    strange = (path for path, text in texts.items() if path not in specs and not _SECRET.search(text or ""))
    return Found(specs, tuple(strange))


def _text(path: Path) -> str | None:
    """What stands in the file; None for one that may not be read, about which its command has better words."""
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except PermissionError:
        return None
