"""`twinkeel bench run` and `twinkeel bench restore`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from twinkeel.cli import complete
from twinkeel.cli.bench_common import show_columns
from twinkeel.cli.options import DEFAULT_SPEC, Format, OutputFormat, SpecFile
from twinkeel.cli.run_to_the_end import notes_console, notes_on, run_to_the_end
from twinkeel.errors import EXIT_NO, UsageError

Configurations = Annotated[
    list[str] | None, typer.Argument(help="Default: every one of `twinkeel bench list`.", autocompletion=complete.configurations)
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation; without a terminal nothing is asked anyway.")]


def run(
    configurations: Configurations = None,
    file: SpecFile = DEFAULT_SPEC,
    faults: Annotated[
        list[str] | None, typer.Option("--faults", help="Scenarios, with commas between them. Default: the eight of docs/bench.md.")
    ] = None,
    trials: Annotated[int, typer.Option("--trials", min=1, max=1000, help="Trials per scenario.")] = 1,
    deadline: Annotated[
        float,
        typer.Option("--deadline", min=3, max=3600, help="Seconds after which a fault that clients still suffer from is healed."),
    ] = 45,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Folder for the histories and the table.")] = None,
    yes: Yes = False,
    format: OutputFormat = Format.text,  # noqa: A002
) -> None:
    """Put one configuration after another on the load balancers, run the same faults, and print one table.

    It begins on a healthy system and puts our own configuration back at the end, whatever happens; `bench restore` does that
    after a bench that was killed. Meant for a lab: each configuration is in force for minutes.
    Exit code 0: everything was measured. 1: not everything. 3: it could not run, or ours could not be put back.
    """
    from twinkeel.app.bench import FAULTS, find_faults
    from twinkeel.app.bench import run as run_bench
    from twinkeel.app.bench_choice import chosen
    from twinkeel.app.bench_results import write_table
    from twinkeel.app.drill import DrillOrder, default_folder
    from twinkeel.cli.load import open_context

    wanted = chosen(configurations or [])
    scenarios = find_faults(faults or list(FAULTS))
    ask(yes, f"Replace the load balancers' configuration {len(wanted)} times, and break the cluster with each?")
    folder = output or default_folder("bench")
    if any((folder / each.id).exists() for each in wanted):
        raise UsageError("the folder holds a bench already", where=str(folder), hint="give another folder with -o")
    console = notes_console()
    context = open_context(file, renders=True).reporting_to(notes_on(console))
    try:
        run_to_the_end(run_bench(context, wanted, DrillOrder(folder, scenarios, trials), deadline))
    finally:
        if any((folder / each.id).is_dir() for each in wanted):
            show_columns(folder, format)
            console.print(f"histories: {folder}", markup=False)
    if not write_table(folder).complete:
        raise typer.Exit(EXIT_NO)


def restore(file: SpecFile = DEFAULT_SPEC) -> None:
    """Restore our own configuration after a killed bench. Having nothing to restore is success, too.

    Exit code 0: ours is in force, applied and verified. 3: a host could not be reached, or it does not serve.
    """
    from tempfile import TemporaryDirectory

    from twinkeel.app.bench import restore as bring_ours
    from twinkeel.cli.load import open_context

    context = open_context(file, renders=True).reporting_to(notes_on(notes_console()))
    with TemporaryDirectory(prefix="twinkeel-bench-") as folder:
        run_to_the_end(bring_ours(context, Path(folder)))
    print("our own configuration is in force")


def ask(yes: bool, question: str) -> None:
    """Wait for a yes where somebody can give it. Abort otherwise."""
    if not yes and sys.stdin.isatty():
        typer.confirm(question, abort=True, err=True)
