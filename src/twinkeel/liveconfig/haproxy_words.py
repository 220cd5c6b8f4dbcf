"""One line of haproxy.cfg as words: quotes, escapes and comments as HAProxy reads them (its manual, section 2.2). Pure."""

import re

from twinkeel.liveconfig.words import Comment, Place, Remark, Word
from twinkeel.source import SourceFile, Span

_PART = re.compile(
    r"""
    (?P<space>\s+)
    | (?P<comment>\#.*)
    | "(?P<double>(?:\\.|[^"\\])*\\?)(?P<double_end>"?)
    | '(?P<single>[^']*)(?P<single_end>'?)
    | \\(?P<escaped>x[0-9A-Fa-f]{2}|.?)
    | (?P<plain>[^\s"'\\\#]+)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|.?)", re.DOTALL)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t"}
# Inside double quotes a backslash is one, but for these: HAProxy's manual, 2.2.
_ESCAPED_IN_QUOTES = frozenset('"\\$')
_PLAIN = re.compile(r"[^\s\"'\\#]+")


def split_line(source: SourceFile, number: int, line: str) -> tuple[tuple[Word, ...], Comment | None, list[Remark]]:
    """The words of a line, the comment that ends it, and what is odd. Never fails: an open quote ends with the line."""
    words: list[Word] = []
    remarks: list[Remark] = []
    comment: Comment | None = None
    start, text = -1, ""
    for part in _PART.finditer(line):
        ends = part["space"] is not None or part["comment"] is not None
        if ends and start >= 0:
            words.append(_word(source, number, line, start, part.start(), text))
            start, text = -1, ""
        if part["comment"] is not None:
            place = Place(source, Span(number, part.start() + 1, len(part["comment"].rstrip()) or 1))
            comment = Comment(part["comment"][1:].strip(), not words, place)
            break
        if not ends:
            start = part.start() if start < 0 else start
            text += _meaning(part)
            if part["double_end"] == "" or part["single_end"] == "":
                place = Place(source, Span(number, part.start() + 1))
                remarks.append(Remark(place, "this quote is not closed: it was read to the end of the line"))
    if start >= 0:
        words.append(_word(source, number, line, start, len(line), text))
    return tuple(words), comment, remarks


def quote(text: str) -> str:
    """A word as it can stand in haproxy.cfg, so that HAProxy reads `text`; it must have no line's end."""
    if _PLAIN.fullmatch(text):
        return text
    if "'" not in text:
        return f"'{text}'"
    return '"' + re.sub(r'(["\\$])', r"\\\1", text) + '"'


def _word(source: SourceFile, number: int, line: str, start: int, end: int, text: str) -> Word:
    return Word(text, line[start:end], Place(source, Span(number, start + 1, end - start)))


def _meaning(part: re.Match[str]) -> str:
    if part["double"] is not None:
        return _ESCAPE.sub(_quoted_escape, part["double"])
    if part["single"] is not None:
        return part["single"]
    return part["plain"] if part["plain"] is not None else _escape(part["escaped"])


def _quoted_escape(match: re.Match[str]) -> str:
    """In double quotes `$NAME` is a variable of the environment; it is kept as such, and so is an escaped dollar, bare."""
    return match[1] if match[1] in _ESCAPED_IN_QUOTES and match[1] else match[0]


def _escape(what: str) -> str:
    if len(what) == 3:
        return chr(int(what[1:], 16))
    return _LETTERS.get(what, what)
