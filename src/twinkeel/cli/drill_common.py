"""What the drill commands share: how trials are shown."""

import json
from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from twinkeel.errors import EXIT_FAILED, EXIT_GOOD, EXIT_NO

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from twinkeel.app.drill import Trial


class Ask(Enum):
    """What the client's small request asks."""

    api = "api"
    version = "version"
    readyz = "readyz"

    value: Literal["api", "version", "readyz"]


Asked = Annotated[
    Ask,
    typer.Option(
        "--ask",
        help="What the client asks over new connections: `api`: an object, with admin.conf's credentials, as users do; /version or"
        " /readyz without credentials. /readyz says 500 while a stopping API server still serves.",
    ),
]

MILLISECOND = 1_000_000  # Nanoseconds.
PERIOD_MS = 10
Period = Annotated[
    int,
    typer.Option(
        "--period",
        min=1,
        max=1000,
        help="Milliseconds between two new connections. A longer one spares small machines; downtimes are known as finely as that.",
    ),
]

TABLE_WIDTH = 124
"""Columns that the widest table of trials needs with lines between its own."""
COLOURS = {"pass": "green", "fail": "red", "unknown": "yellow"}


def show(trials: "Sequence[Trial]") -> None:
    """A table of the trials, one of the scenarios when some were tried more than once, and why trials did not pass."""
    from rich.console import Console

    from twinkeel.report.streams import STREAMS_CAPTION, stream_remarks, streams_table
    from twinkeel.report.summary import HEADINGS as SUMMARY_HEADINGS
    from twinkeel.report.summary import cells, summarize
    from twinkeel.report.trials import HEADINGS, trial_cells

    console = Console(highlight=False, emoji=False)
    if not console.is_terminal:
        # Rich takes 80 columns then, and would cut the cells.
        console.width = max(console.width, TABLE_WIDTH)
    table = _table(console, HEADINGS)
    for trial in trials:
        *row, verdict = trial_cells(trial)
        table.add_row(*row, f"[{COLOURS[verdict]}]{verdict}[/]")
    console.print(table)
    summaries = summarize(trials)
    if len(summaries) < len(trials):
        scenarios = _table(console, SUMMARY_HEADINGS)
        for summary in summaries:
            *figures, verdict = cells(summary)
            scenarios.add_row(*figures, f"[{COLOURS[verdict]}]{verdict}[/]")
        console.print(scenarios)
    headings, rows = streams_table(trials)
    if rows:
        streams = _table(console, headings)
        streams.title, streams.title_justify = "Kept connections", "left"
        streams.caption, streams.caption_justify = STREAMS_CAPTION, "left"
        for each in rows:
            streams.add_row(*each)
        console.print(streams)
    for trial in trials:
        for remark in stream_remarks(trial.streams):
            console.print(f"{trial.scenario} {trial.number}: {remark}", markup=False)
        for reason in trial.verdict.reasons:
            console.print(f"{trial.scenario} {trial.number}: {reason}", markup=False)


def _table(console: "Console", headings: "Sequence[str]") -> "Table":
    """An empty table. On a terminal that is too narrow for lines between columns it has none, and headings take two lines."""
    from rich.table import Table

    if console.width >= TABLE_WIDTH:
        return Table(*headings)
    table = Table(box=None, padding=(0, 1, 0, 0))
    for heading in headings:
        # Only names are folded should all that not be enough; figures stay whole.
        folded = heading in ("scenario", "holder")
        table.add_column("\n".join(filter(None, heading.rpartition(" ")[::2])), no_wrap=not folded, overflow="fold")
    return table


def exit_code(trials: "Sequence[Trial]") -> int:
    """0 when every trial passed, 3 when there is none."""
    if not trials:
        return EXIT_FAILED
    return EXIT_GOOD if all(trial.verdict.verdict == "pass" for trial in trials) else EXIT_NO


def print_object(trial: "Trial") -> None:
    """One JSON line."""
    from twinkeel.report.trials import trial_object

    print(json.dumps(trial_object(trial)), flush=True)
