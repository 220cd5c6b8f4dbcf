"""Which specs a command line means."""

import sys
from collections.abc import Sequence
from pathlib import Path

from twinkeel.errors import UsageError
from twinkeel.spec.find_specs import find_specs, is_several


def specs_of(given: Sequence[Path]) -> tuple[Path, ...] | None:
    """The specs that a command line means in the plural; None when it means one. What is no spec in a folder is said.

    Raises:
        UsageError: see `find_specs`.
    """
    if not is_several(given):
        return None
    found = find_specs(given)
    for path in found.left_out:
        print(f"twinkeel: {path} is no spec, and left out", file=sys.stderr)
    return found.specs


def one_spec(given: Path | Sequence[Path]) -> Path:
    """The one spec of a command that works on one cluster. Raises UsageError for several and for a folder."""
    given = [given] if isinstance(given, Path) else given
    if len(given) == 1 and not given[0].is_dir():
        return given[0]
    what = f"{given[0]} is a folder" if len(given) == 1 else f"{len(given)} specs are given"
    hint = "name one spec with -f FILE; check, audit, preflight, plan and status take several"
    raise UsageError(f"this command works on one cluster at a time, and {what}", hint=hint)
