"""`twinkeel drill soak`: busy processors, and nothing may move."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from twinkeel.cli.drill_common import MILLISECOND, PERIOD_MS, Ask, Asked, Period
from twinkeel.cli.options import DEFAULT_SPEC, BreakLock, Format, OutputFormat, SpecFile
from twinkeel.cli.run_async import run
from twinkeel.cli.run_to_the_end import notes_console, notes_on
from twinkeel.errors import EXIT_GOOD, EXIT_NO


def soak(
    file: SpecFile = DEFAULT_SPEC,
    minutes: Annotated[float, typer.Option("--minutes", min=0.05, max=1440, help="How long.")] = 10,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Folder for the history.")] = None,
    ask: Asked = Ask.api,
    period: Period = PERIOD_MS,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask for confirmation; without a terminal nothing is asked anyway.")
    ] = False,
    break_lock: BreakLock = False,
    format: OutputFormat = Format.text,  # noqa: A002
) -> None:
    """Keep every load balancer's processors busy, and count false failovers and failed requests.

    Exit code 0: the virtual IP never moved. 1: it did, or it could not be determined. 3: the soak could not run.
    """
    from twinkeel.app.drill import DrillOrder, default_folder
    from twinkeel.app.drill import soak as run_soak
    from twinkeel.cli.load import open_context

    context = open_context(file, break_lock=break_lock)
    name = context.topology.name
    if not yes and sys.stdin.isatty():
        typer.confirm(f"Saturate the processors of every load balancer of {name} for {minutes:g} min?", abort=True, err=True)
    folder = output or default_folder(f"{name}-soak")
    console = notes_console()
    order = DrillOrder(folder, ask=ask.value, period=period * MILLISECOND)
    result = run(run_soak(context.reporting_to(notes_on(console)), order, minutes))
    if format is Format.json:
        print(json.dumps(vars(result)))
    else:
        slowest = "none" if result.slowest_ms is None else f"{result.slowest_ms:.0f} ms"
        print(f"{result.minutes:g} min with busy processors: {result.false_failovers} false failovers, {result.verdict}")
        print(f"{result.failed} of {result.requests} requests failed or took over 250 ms; slowest answer {slowest}")
        for reason in result.reasons:
            print(f"  {reason}")
    console.print(f"history: {folder}", markup=False)
    raise typer.Exit(EXIT_GOOD if result.verdict == "pass" else EXIT_NO)
