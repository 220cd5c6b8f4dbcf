"""Words of configuration files, each with its place; and what a parser has to say of text that it does not understand."""

import codecs
from dataclasses import dataclass

from twinkeel.source import SourceFile, Span

LONGEST_FILE = 1 << 20
"""A file beyond this many characters is no configuration of a load balancer: its rest is not read."""

BYTE_ORDER_MARK = "\ufeff"
"""What some editors put before a file's first letter; the daemons take it for a part of the first word."""

MOST_LINES = 10_000
"""A file with more lines is no configuration of an API load balancer: the rest is not read."""

LONGEST_LINE = 8192
"""Keepalived itself reads 1,023 characters of a line, HAProxy 64 words: a longer one is left out."""


@dataclass(frozen=True, slots=True)
class Place:
    """A piece of one line of one file."""

    source: SourceFile
    span: Span

    def __str__(self) -> str:
        return f"{self.source.name}:{self.span.line}:{self.span.column}"


@dataclass(frozen=True, slots=True)
class Word:
    """One word: what the daemon reads (`text`), what stands in the file (`raw`, with its quotes), and where."""

    text: str
    raw: str
    place: Place

    def to(self, last: "Word") -> Place:
        """The place from this word to another one of the same line."""
        first, end = self.place.span, last.place.span
        if last.place.source is not self.place.source or end.line != first.line or end.column < first.column:
            return self.place
        return Place(self.place.source, Span(first.line, first.column, end.column + end.length - first.column))


@dataclass(frozen=True, slots=True)
class Remark:
    """What a parser did not understand, and what it did with it."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment: its text without the sign that begins it, whether it has the line for itself, and its place."""

    text: str
    alone: bool
    place: Place


def read_whole(source: SourceFile, most: int = MOST_LINES) -> tuple[list[str], list[Remark]]:
    """The lines to read, with empty ones for those that are too long, at most `most`, of the first LONGEST_FILE characters."""
    lines, remarks = source.lines, []
    if lines[0].startswith(BYTE_ORDER_MARK):
        # A space in its place: every column stays, and one sign does not hide what else there is to find.
        lines = [lines[0].replace(BYTE_ORDER_MARK, " ", 1), *lines[1:]]
    if len(source.text) > LONGEST_FILE:
        lines = lines[: len(SourceFile(source.name, source.text[:LONGEST_FILE]).lines) - 1]
        text = f"the file is longer than {LONGEST_FILE} characters: its rest was not read"
        remarks.append(Remark(Place(source, Span(1, 1)), text))
    if len(lines) > most:
        text = f"the file has more than {most} lines: from here on they were not read"
        remarks.append(Remark(Place(source, Span(most + 1, 1)), text))
        lines = lines[:most]
    long = [number for number, line in enumerate(lines, 1) if len(line) > LONGEST_LINE]
    if long:
        text = f"{len(long)} lines from here on are longer than {LONGEST_LINE} characters: they were left out"
        remarks.append(Remark(Place(source, Span(long[0], 1)), text))
        lines = ["" if len(line) > LONGEST_LINE else line for line in lines]
    return lines, remarks


def decoded(content: bytes, *, whole: bool) -> str:
    """The text with its byte order mark, which the daemons and the kernel do not take; a cut file may end within a letter."""
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(content, final=whole)
    except UnicodeDecodeError:
        return content.decode("latin-1")
