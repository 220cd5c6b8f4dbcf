"""`twinkeel bench data-path`: requests a second, the slowest of a hundred, and what an idle load balancer costs."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinkeel.cli.bench_run import Configurations, Yes, ask
from twinkeel.cli.options import DEFAULT_SPEC, Format, OutputFormat, SpecFile
from twinkeel.cli.run_to_the_end import notes_console, notes_on, run_to_the_end

if TYPE_CHECKING:
    from twinkeel.app.bench import Way

HEADINGS = ("way", "new connections/s", "p99 ms", "requests/s, kept", "p99 ms", "failed", "memory MiB", "processor %")


def data_path(
    configurations: Configurations = None,
    file: SpecFile = DEFAULT_SPEC,
    seconds: Annotated[int, typer.Option("--seconds", min=1, max=600, help="Length of each run.")] = 5,
    connections: Annotated[int, typer.Option("--connections", min=1, max=1000, help="Requests under way at once.")] = 16,
    rounds: Annotated[int, typer.Option("--trials", min=1, max=100, help="Runs of each kind; the table shows medians.")] = 3,
    idle: Annotated[int, typer.Option("--idle", min=1, max=600, help="Seconds that an idle load balancer is watched.")] = 10,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Folder for the result.")] = None,
    yes: Yes = False,
    format: OutputFormat = Format.text,  # noqa: A002
) -> None:
    """Compare the data path through each configuration with a direct connection to an API server.

    New TLS connections a second, requests a second over kept connections, the 99th percentile of both; and memory and processor
    time of HAProxy, the VRRP daemon and our watchdog on the idle holder of the virtual IP. Needs ab (Debian package apache2-utils).
    Exit code 0: everything was measured. 1: not everything. 3: it could not run, or ours could not be put back.
    """
    from dataclasses import asdict

    from twinkeel.app.bench import Effort, require_generator
    from twinkeel.app.bench import data_path as measure_paths
    from twinkeel.app.bench_choice import chosen
    from twinkeel.app.drill import default_folder
    from twinkeel.cli.load import open_context
    from twinkeel.errors import EXIT_NO

    wanted = chosen(configurations or [])
    require_generator()
    ask(yes, f"Replace the load balancers' configuration {len(wanted)} times, and load the API through each?")
    folder = output or default_folder("bench-data-path")
    context = open_context(file, renders=True).reporting_to(notes_on(notes_console()))
    ways = run_to_the_end(measure_paths(context, wanted, Effort(seconds, connections, rounds, idle), folder))
    (folder / "data-path.json").write_text(json.dumps([asdict(way) for way in ways], indent=2) + "\n", encoding="utf-8")
    if format is Format.json:
        print(json.dumps([asdict(way) for way in ways]))
    else:
        _show(ways)
    if any(way.trouble or (way.new and way.new.failed) or (way.kept and way.kept.failed) for way in ways):
        raise typer.Exit(EXIT_NO)


def _show(ways: "list[Way]") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*HEADINGS)
    for way in ways:
        table.add_row(*_cells(way))
    console = Console(highlight=False, emoji=False)
    console.width = max(console.width, 140)
    console.print(table)
    for way in ways:
        if way.trouble:
            console.print(f"{way.name}: {way.trouble}", markup=False)


def _cells(way: "Way") -> tuple[str, ...]:
    loads = [
        figure
        for load in (way.new, way.kept)
        for figure in (("-", "-") if load is None else _figures(load.per_second, load.p99_ms))
    ]
    failed = sum(load.failed for load in (way.new, way.kept) if load is not None)
    memory = " + ".join(f"{cost.memory_mib:.1f}" for cost in way.costs) or "-"
    busy = " + ".join(f"{cost.processor_percent:.1f}" for cost in way.costs) or "-"
    return (way.name, *loads, str(failed), memory, busy)


def _figures(rate: float, p99: float) -> tuple[str, str]:
    return f"{rate:.0f}", f"{p99:.1f}"
