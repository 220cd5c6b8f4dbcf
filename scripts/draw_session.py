"""Draws recorded terminal sessions: each docs/sessions/NAME.cast (asciicast v2) becomes NAME.svg, the screen as it was at the end.

pyte plays what the programs wrote onto a screen of the recorded size, Rich draws that screen. The same cast gives the same bytes.
Called without arguments: every cast in docs/sessions.
"""

import inspect
import io
import json
import re
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

import pyte
from pyte.screens import Char
from rich.console import Console
from rich.style import Style
from rich.text import Text

SESSIONS = Path(__file__).parents[1] / "docs" / "sessions"
# Rich's own template fetches a font from the web. Every system has one that will do, and the width of a cell is written out anyway.
_RICH_S: str = inspect.signature(Console.export_svg).parameters["code_format"].default
TEMPLATE = re.sub(r" *@font-face \{\{.*?\}\}\n", "", _RICH_S, flags=re.DOTALL).replace(
    "Fira Code, monospace", "ui-monospace, Menlo, Consolas, DejaVu Sans Mono, monospace"
)
# pyte's names of colours are those of the VGA, Rich's those of ANSI.
ANSI_NAMES = {"brown": "yellow", "brightbrown": "bright_yellow"}


def draw(cast: Path) -> str:
    """The last screen of a recording as SVG. ValueError when lines left it at the top: such a picture would not show everything."""
    header = _header(cast)
    return _as_svg(last_screen(cast), header["width"], header["title"], cast.stem)


def last_screen(cast: Path) -> list[Text]:
    """The lines of a recording's last screen with their styles, without the empty ones at the end. ValueError as of draw()."""
    size = _header(cast)
    screen = pyte.HistoryScreen(size["width"], size["height"], history=10_000)
    stream = pyte.Stream(screen)
    for _, kind, data in map(json.loads, cast.read_text().splitlines()[1:]):
        if kind == "o":
            stream.feed(data)
    if screen.history.top:
        msg = f"{cast}: {len(screen.history.top)} lines scrolled away; record it on a taller terminal"
        raise ValueError(msg)
    return _lines_of(screen)


def _header(cast: Path) -> dict[str, Any]:
    header: dict[str, Any] = json.loads(cast.read_text().splitlines()[0])
    return header


def _lines_of(screen: pyte.Screen) -> list[Text]:
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
        color=_colour(cell.fg),
        bgcolor=_colour(cell.bg),
        bold=cell.bold,
        italic=cell.italics,
        underline=cell.underscore,
        reverse=cell.reverse,
    )


def _colour(name: str) -> str | None:
    """A colour of pyte as Rich names it; None for the terminal's own."""
    if name == "default":
        return None
    if re.fullmatch(r"[0-9a-f]{6}", name):
        return f"#{name}"
    return ANSI_NAMES.get(name) or re.sub(r"^bright", "bright_", name)


def _as_svg(lines: list[Text], width: int, title: str, name: str) -> str:
    console = Console(
        record=True, width=width, file=io.StringIO(), force_terminal=True, color_system="truecolor", legacy_windows=False
    )
    for line in lines:
        console.print(line, soft_wrap=True)
    return console.export_svg(title=title, code_format=TEMPLATE, unique_id=f"session-{name}")


if __name__ == "__main__":
    for path in [Path(word) for word in sys.argv[1:]] or sorted(SESSIONS.glob("*.cast")):
        path.with_suffix(".svg").write_text(draw(path))
        print(path.with_suffix(".svg"))
