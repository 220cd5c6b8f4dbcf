"""The words of one line of a daemon's configuration: quotes joined to what stands beside them, comments left out."""

import re

_PART = re.compile(
    r"""
    (?P<space>\s+)
    | "(?P<double>(?:\\.|[^"\\])*)"?
    | '(?P<single>[^']*)'?
    | \\(?P<escaped>.?)
    | (?P<plain>.)
    """,
    re.VERBOSE | re.DOTALL,
)


def words_of(line: str, comments: str, alone: str = "") -> tuple[str, ...]:
    """The words of a line. Never fails: a quote that is not closed ends with the line.

    Args:
        comments: the characters that begin a comment outside quotes.
        alone: the characters that are words of their own outside quotes, as braces are.
    """
    words: list[str] = []
    current: str | None = None
    for part in _PART.finditer(line):
        plain = part["plain"]
        if plain is not None and plain in comments:
            break
        if part["space"] is not None or (plain is not None and plain in alone):
            words += [] if current is None else [current]
            words += [plain] if plain else []
            current = None
        else:
            meant = (part["double"], part["single"], part["escaped"], plain)
            current = (current or "") + next((text for text in meant if text is not None), "")
    return (*words, *([] if current is None else [current]))
