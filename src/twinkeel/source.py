"""A text file that a person wrote, and places in it."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Span:
    """A piece of one line: 1-based line and column, and how many characters it covers (at least 1)."""

    line: int
    column: int
    length: int = 1


@dataclass(frozen=True)
class SourceFile:
    """A file's name as the user gave it, and its text."""

    name: str
    text: str

    def line(self, number: int) -> str:
        """The text of one 1-based line, without its end; empty when the file has no such line."""
        lines = self.text.splitlines()
        return lines[number - 1] if 0 < number <= len(lines) else ""
