"""Draws recorded terminal sessions: each docs/sessions/NAME.cast (asciicast v2) becomes NAME.svg, the screen as it was at the end.

pyte plays what the programs wrote onto a screen of the recorded size, Rich draws that screen. The same cast gives the same bytes.
Called without arguments: every cast in docs/sessions.
"""

import io
import json
import re
import sys
from itertools import groupby
from pathlib import Path

import pyte
from pyte.screens import Char
from rich.console import CONSOLE_SVG_FORMAT, Console
from rich.style import Style
from rich.text import Text

SESSIONS = Path(__file__).parents[1] / "docs" / "sessions"
# Rich's own template fetches a font from the web. Every system has one that will do, and the width of a cell is written out anyway.
TEMPLATE = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL).replace(
    "Fira Code, monospace", "ui-monospace, Menlo, Consolas, DejaVu Sans Mono, monospace"
)
# pyte's names of colours are those of the VGA, Rich's those of ANSI.
ANSI_NAMES = {"brown": "yellow", "brightbrown": "bright_yellow"}


def draw(cast: Path) -> str:
    """The last screen of a recording as SVG. ValueError when lines left it at the top: such a picture would not show everything."""
    header, *lines = cast.read_text().splitlines()
    size = json.loads(header)
    screen = pyte.HistoryScreen(size["width"], size["height"], history=10_000)
    stream = pyte.Stream(screen)
    for _, kind, data in map(json.loads, lines):
        if kind == "o":
            stream.feed(data)
    if screen.history.top:
        msg = f"{cast}: {len(screen.history.top)} lines scrolled away; record it on a taller terminal"
        raise ValueError(msg)
    return _as_svg(_lines_of(screen), size["width"], cast.stem)


def _lines_of(screen: pyte.Screen) -> list[Text]:
    """The screen's lines with their styles, without the empty ones at the end."""
    lines = [_styled([screen.buffer[row][column] for column in range(screen.columns)]) for row in range(screen.lines)]
    while lines and not lines[-1].plain.strip():
        lines.pop()
    return lines


def _styled(cells: list[Char]) -> Text:
    line = Text()
    for style, run in groupby(cells, key=_style_of):
        line.append("".join(cell.data for cell in run), style)
    line.rstrip()
    return line


def _style_of(cell: Char) -> Style:
    return Style(
        color=_colour(cell.fg), bgcolor=_colour(cell.bg), bold=cell.bold, italic=cell.italics, underline=cell.underscore, reverse=cell.reverse
    )


def _colour(name: str) -> str | None:
    """A colour of pyte as Rich names it; None for the terminal's own."""
    if name == "default":
        return None
    if re.fullmatch(r"[0-9a-f]{6}", name):
        return f"#{name}"
    return ANSI_NAMES.get(name) or re.sub(r"^bright", "bright_", name)


def _as_svg(lines: list[Text], width: int, title: str) -> str:
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True, color_system="truecolor", legacy_windows=False)
    for line in lines:
        console.print(line, soft_wrap=True)
    return console.export_svg(title=title, code_format=TEMPLATE, unique_id=f"session-{title}")


if __name__ == "__main__":
    for path in [Path(word) for word in sys.argv[1:]] or sorted(SESSIONS.glob("*.cast")):
        path.with_suffix(".svg").write_text(draw(path))
        print(path.with_suffix(".svg"))
