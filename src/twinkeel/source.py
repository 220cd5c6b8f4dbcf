"""A text file that a person wrote, and places in it."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

# What ends a line in YAML 1.2, and nothing else: str.splitlines knows more ends, and every position below one would be wrong.
_LINE_END = re.compile("\r\n|\n|\r")


class Span(NamedTuple):
    """A piece of one line: 1-based line and column, and how many characters it covers (at least 1)."""

    line: int
    column: int
    length: int = 1


@dataclass(frozen=True)
class SourceFile:
    """A file's name as the user gave it, and its text."""

    name: str
    text: str

    @cached_property
    def lines(self) -> list[str]:
        """The text by line, without the lines' ends."""
        return _LINE_END.split(self.text)

    def line(self, number: int) -> str:
        """The text of one 1-based line, without its end; empty when the file has no such line."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""
