"""What a command makes from the spec: to a file that was named, or to standard output."""

import sys
from pathlib import Path

from twinkeel.errors import ToolError, UsageError

_YAML = (".yaml", ".yml")


def give(text: str, out: Path | None, spec: Path | None = None) -> None:
    """Write it. A file that is there is replaced: it was made by the same command before.

    But never the spec itself: its name is one slip away.

    Raises:
        UsageError: the file is the spec, or a folder, or there is no such folder.
        ToolError: it cannot be written.
    """
    if out is None:
        print(text, end="")
        return
    if spec is not None and spec.exists() and out.exists() and out.samefile(spec):
        raise UsageError("that is the spec itself, and it is not overwritten", where=str(out), hint="name another file with -o")
    try:
        out.write_text(text, encoding="utf-8")
    except FileNotFoundError:
        raise UsageError("there is no such folder", where=str(out.parent), hint="make it first, or name another file") from None
    except (IsADirectoryError, NotADirectoryError) as error:
        raise UsageError(f"this cannot be a file: {error.strerror}", where=str(out), hint="name another file with -o") from None
    except OSError as error:
        raise ToolError(f"the file cannot be written: {error.strerror}", where=str(out), hint="name another file with -o") from None
    print(f"written: {out}", file=sys.stderr)


def refuse_a_spec(out: Path | None) -> None:
    """For what is no YAML, whatever spec is meant: a YAML file that is there is not ours to replace. Raises UsageError."""
    if out is not None and out.suffix in _YAML and out.exists():
        hint = "name another file with -o, such as twinkeel.schema.json"
        raise UsageError("this YAML file is there already, and what is written is none", where=str(out), hint=hint)
