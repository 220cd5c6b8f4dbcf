"""One line of keepalived.conf as words and braces, as Keepalived 2.x reads them. Pure."""

import re

from twinkeel.liveconfig.words import Comment, Place, Remark, Word
from twinkeel.source import SourceFile, Span

_PART = re.compile(
    r"""
    (?P<space>\s+)
    | (?P<comment>[!\#].*)
    | "(?P<quoted>[^"]*)(?P<end>"?)
    | (?P<brace>[{}])
    | (?P<parameter>\$\{[^}]*\})
    | \\(?P<escaped>[!\#])
    | (?P<plain>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_PLAIN = re.compile(r"[^\s\"!#{}$@~\\]+")


def split_line(source: SourceFile, number: int, line: str, first: int = 0) -> tuple[list[Word], Comment | None, list[Remark]]:
    """The words of a line from an offset on, up to its end or to a brace, which is then the last word; its comment; what is odd.

    A double quote begins a word even in the middle of one, as Keepalived has it. Braces are told from quoted ones by their `raw`.
    What follows a brace is a line of its own to Keepalived. Never fails: a quote that is not closed ends with the line.
    """
    words: list[Word] = []
    remarks: list[Remark] = []
    start, text = -1, ""

    def end_word(end: int) -> None:
        nonlocal start, text
        if start >= 0:
            words.append(_word(source, number, line, start, end, text))
        start, text = -1, ""

    for part in _PART.finditer(line, first):
        plain = part["parameter"] or part["escaped"] or part["plain"]
        if plain is not None:
            start = part.start() if start < 0 else start
            text += plain
            continue
        end_word(part.start())
        if part["comment"] is not None:
            place = Place(source, Span(number, part.start() + 1, len(part["comment"].rstrip()) or 1))
            return words, Comment(part["comment"][1:].strip(), not line[: part.start()].strip(), place), remarks
        if part["quoted"] is not None:
            words.append(_word(source, number, line, part.start(), part.end(), part["quoted"]))
            if not part["end"]:
                place = Place(source, Span(number, part.start() + 1))
                remarks.append(Remark(place, "this quote is not closed: it was read to the end of the line"))
        elif part["brace"]:
            words.append(_word(source, number, line, part.start(), part.end(), part["brace"]))
            return words, None, remarks
    end_word(len(line))
    return words, None, remarks


def quote(text: str) -> str:
    """A word as it can stand in keepalived.conf; it must have no double quote and no line's end."""
    return text if _PLAIN.fullmatch(text) else f'"{text}"'


def is_brace(word: Word) -> bool:
    """Whether it opens or closes a block."""
    return word.raw in ("{", "}")


def _word(source: SourceFile, number: int, line: str, start: int, end: int, text: str) -> Word:
    return Word(text, line[start:end], Place(source, Span(number, start + 1, max(end - start, 1))))
