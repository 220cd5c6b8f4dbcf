"""The live table of a change on a terminal: a header, a line for each step, a line for each host."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from twinkeel.cli.progress_board import Board, Row

STYLES = {
    "waiting": "dim",
    "working": "cyan",
    "done": "green",
    "healthy": "green",
    "failed": "red",
    "undone": "yellow",
    "lost": "bold red",
    "stopped": "yellow",
}


def draw(title: str, board: Board, now: float, width: int) -> RenderableType:
    """The whole picture at `now` seconds for a terminal of `width` columns; longer texts end in an ellipsis."""
    parts: list[RenderableType] = [_header(title, board, now)]
    if board.steps:
        parts.append(_table("STEP", board.steps, now, width))
    if board.hosts:
        parts += [Text(""), _table("HOST", list(board.hosts.values()), now, width)]
    return Group(*parts)


def _header(title: str, board: Board, now: float) -> Text:
    done = sum(1 for row in board.steps if row.state == "done")
    parts = [f"{done} steps done"]
    if board.hosts:
        parts.append(f"{board.hosts_done} of {len(board.hosts)} hosts done")
    return Text.assemble((title, "bold"), f"   {', '.join(parts)}, {now:.0f} s", overflow="ellipsis", no_wrap=True)


def _table(what: str, rows: list[Row], now: float, width: int) -> Table:
    # Names get what they need, at most two thirds of what state and time leave.
    names = min(max(len(row.name) for row in rows), (width - 15) * 2 // 3)
    table = Table(box=None, padding=(0, 1, 0, 0), expand=True, header_style="dim")
    table.add_column(what, no_wrap=True, overflow="ellipsis", min_width=names, max_width=names)
    table.add_column("STATE", no_wrap=True, min_width=7)
    table.add_column("NOW" if what == "HOST" else "RESULT", no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column("TIME", no_wrap=True, justify="right", min_width=6)
    for row in rows:
        seconds = "" if row.state == "waiting" else f"{row.took(now):.1f} s"
        style = STYLES[row.state]
        table.add_row(Text(row.name), Text(row.state, style=style), Text(row.detail), seconds)
    return table
