"""The user's raw lines in a rendered file: marked, so that a person and a checker's complaint find them again."""

import re
import textwrap
from dataclasses import dataclass

_BEGIN = "BEGIN lines of the spec:"
_END = "END lines of the spec:"


@dataclass(frozen=True)
class ExtraLine:
    """A place in the user's text: the spec's key with dots, and the line in its value, from 1."""

    key: str
    line: int


def marked(text: str, key: str, indent: int) -> str:
    """The lines between two comments that name their key of the spec, without a last newline. Their own indentation stays."""
    lines = textwrap.dedent(text).rstrip("\n").split("\n")
    inner = "\n".join(line.rstrip() for line in (f"# {_BEGIN} {key}", *lines, f"# {_END} {key}"))
    return textwrap.indent(inner, " " * indent)


def locate(content: str, line: int) -> ExtraLine | None:
    """Whose line that is, counting from 1 in a rendered file; None for one of ours. A marker counts for the lines in it."""
    lines = content.split("\n")
    for number in range(min(line, len(lines)), 0, -1):
        begin = re.fullmatch(rf"\s*# {_BEGIN} (\S+)", lines[number - 1])
        end = re.fullmatch(rf"\s*# {_END} (\S+)", lines[number - 1])
        if begin is not None:
            return ExtraLine(begin[1], max(1, line - number))
        if end is not None and number != line:
            return None
    return None
