"""Laying out text for a terminal: aligned rows, folded lines, and times as people read them. Pure."""

import textwrap
from collections.abc import Iterator, Sequence

from twinkeel.vrrp import Range

NARROWEST, WIDEST = 80, 132
INDENT = "  "


def usable_width(columns: int) -> int:
    """The width to write for, on a terminal of that many columns."""
    return min(max(columns, NARROWEST), WIDEST)


def rows(cells: Sequence[Sequence[str]], width: int, *, align: int | None = None) -> str:
    """Rows of cells in columns that are as wide as their widest cell; the last one is folded under itself at `width`.

    Args:
        align: how wide the first column is at least.
    """
    if not cells:
        return ""
    widths = [max(len(row[place]) for row in cells) for place in range(len(cells[0]) - 1)]
    if align is not None:
        widths[0] = max(widths[0], align)
    return "".join(line + "\n" for row in cells for line in _folded(row, widths, width))


def _folded(row: Sequence[str], widths: Sequence[int], width: int) -> Iterator[str]:
    head = INDENT + "".join(f"{cell:<{size}}  " for cell, size in zip(row, widths, strict=False))
    room = max(width - len(head), 20)
    first, *others = textwrap.wrap(row[-1], room, break_long_words=False, break_on_hyphens=False) or [""]
    yield f"{head}{first}".rstrip()
    for line in others:
        yield " " * len(head) + line


def indented(text: str, width: int) -> str:
    """A paragraph below a title, folded at `width`."""
    inset = INDENT * 2
    return textwrap.fill(text, width, initial_indent=inset, subsequent_indent=inset, break_long_words=False, break_on_hyphens=False)


def seconds(time: float) -> str:
    """Short and honest: 0.3012 -> 301 ms, 2.5 -> 2.5 s, 0.0004 -> < 1 ms."""
    if time >= 1:
        return f"{time:.4g} s"
    if 0 < time < 0.001:
        return "< 1 ms"
    return f"{time * 1000:.0f} ms"


def span(time: Range) -> str:
    """A range of times; one time when both ends read the same."""
    low, high = seconds(time.low), seconds(time.high)
    return high if low == high else f"{low} to {high}"
