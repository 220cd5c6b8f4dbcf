"""Where the looks of `status --watch` go: a page on a terminal, lines elsewhere.

Rich's Live draws the page on the terminal's alternate screen, which it gives back whatever ends the watch; Textual would bring keys
and widgets that a page which is only read has no use for. What was seen last stays below the prompt.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from twinkeel.app.answered import Answered
from twinkeel.app.status import Snapshot, changes
from twinkeel.cli.many import View, details_of, many_lines, table_lines
from twinkeel.cli.show_status import status_lines
from twinkeel.errors import TwinkeelError

Answers = Sequence[Answered[Snapshot]]
REMEMBERED = 100
LEAST_LINES = 3
INDENT = 13
MOST_DETAILS = 3
NARROW = 60


@contextmanager
def watch_view(view: View[Snapshot], *, alone: bool, shows: bool) -> Iterator[Callable[[Answers], None] | None]:
    """What shows a look; None with `shows` false. `alone`: there is one spec, and it was not in a folder."""
    console = Console(highlight=False, emoji=False, soft_wrap=True)
    if not shows:
        yield None
    elif not console.is_terminal:
        yield Changed(console, view, alone=alone).show
    else:
        page = Page(Console(highlight=False, emoji=False), view, alone=alone)
        try:
            with Live(console=page.console, auto_refresh=False, screen=True, vertical_overflow="crop") as live:
                yield lambda answers: live.update(page.drawn(answers), refresh=True)
        finally:
            for line in page.lines:
                console.print(line)


class Changed:
    """Lines with the time of day, whenever they are not the same as before."""

    def __init__(self, console: Console, view: View[Snapshot], *, alone: bool) -> None:
        self._console, self._view, self._alone = console, view, alone
        self._last: list[str] = []

    def show(self, answers: Answers) -> None:
        """Print them, if so."""
        lines = lines_of(self._view, answers, alone=self._alone)
        if lines != self._last:
            self._last = lines
            now = f"{datetime.now().astimezone():%H:%M:%S}"
            for line in lines:
                self._console.print(f"{now}  {line}")


class Page:
    """One screen: when it was looked, the state, and below it what changed since the watch began, the newest first."""

    def __init__(self, console: Console, view: View[Snapshot], *, alone: bool) -> None:
        self.console, self.lines = console, list[str]()
        self._view, self._alone = view, alone
        self._before: dict[str, Snapshot] = {}
        self._events: deque[str] = deque(maxlen=REMEMBERED)

    def drawn(self, answers: Answers) -> Group:
        """The page, no longer than the terminal is high: what changed gives way to what is."""
        now = f"{datetime.now().astimezone():%H:%M:%S}"
        self._note(answers, now)
        self.lines = lines_of(self._view, answers, alone=self._alone)
        state = self.lines if self._alone else [escape(line) for line in _worst_first(self._view, answers)]
        head = f"[bold]{escape(_title(answers))}[/]  {now}, every second; Ctrl-C ends"
        width, height = self.console.size
        shown = _fitting(_folded(self.console, [head, "", *state], width), height)
        left = height - len(shown) - LEAST_LINES
        if self._events and left > 1:
            shown += [Text(), *_fitting(_folded(self.console, ["[bold]changes[/]", *self._events], width), left)]
        return Group(*shown)

    def _note(self, answers: Answers, now: str) -> None:
        for each in answers:
            if isinstance(each.result, TwinkeelError):
                continue
            name = each.name or ""
            for line in changes(self._before.get(name, each.result), each.result):
                self._events.appendleft(f"{now}  {escape(line if self._alone else f'{name}: {line}')}")
            self._before[name] = each.result


def lines_of(view: View[Snapshot], answers: Answers, *, alone: bool) -> list[str]:
    """The state as lines with Rich's marks."""
    first = answers[0].result if answers else None
    if alone and first is not None and not isinstance(first, TwinkeelError):
        return status_lines(first)
    return [escape(line) for line in many_lines(view, answers)]


def _worst_first(view: View[Snapshot], answers: Answers) -> list[str]:
    """The table, with what is wrong below its row: on a screen that cannot hold all, the healthy are those to leave out."""
    head, *rows = table_lines(view, answers)
    shown = [(bool(details := details_of(view, each)), row, details) for each, row in zip(answers, rows, strict=True)]
    lines = [head]
    for _, row, details in sorted(shown, key=lambda each: not each[0]):
        lines += [row, *(f"  {line}" for line in details[:MOST_DETAILS])]
        lines += [f"  ... {len(details) - MOST_DETAILS} more"] if len(details) > MOST_DETAILS else []
    return lines


def _title(answers: Answers) -> str:
    if len(answers) == 1:
        return answers[0].name or answers[0].file.name
    good = sum(1 for each in answers if not isinstance(each.result, TwinkeelError) and each.result.healthy)
    return f"{len(answers)} clusters, {good} healthy"


def _folded(console: Console, lines: Sequence[str], width: int) -> list[Text]:
    """The lines as rows of the terminal; what does not fit stands below, indented."""
    rows: list[Text] = []
    indent = INDENT if width > NARROW else 2
    for line in lines:
        first, *more = Text.from_markup(line, emoji=False).wrap(console, width) or [Text("")]
        rows.append(first)
        if more:
            rest = Text(" ").join(more)
            for row in rest.wrap(console, max(width - indent, 1)):
                row.pad_left(indent)
                rows.append(row)
    return rows


def _fitting(rows: list[Text], height: int) -> list[Text]:
    """As many rows as the height holds; the last one says how many are not shown."""
    if len(rows) <= height:
        return rows
    return [*rows[: height - 1], Text(f"... {len(rows) - height + 1} more lines", no_wrap=True, overflow="crop")]
