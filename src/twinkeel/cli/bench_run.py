"""`twinkeel bench run` and `twinkeel bench restore`."""

import asyncio
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from twinkeel.cli.bench_common import prepare_bench, show_columns
from twinkeel.cli.drill_common import default_folder
from twinkeel.cli.options import DEFAULT_SPEC, Format, OutputFormat, SpecFile
from twinkeel.errors import EXIT_NO, UsageError

Configurations = Annotated[list[str] | None, typer.Argument(help="Default: every one of `twinkeel bench list`.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first. Without a terminal nothing is asked.")]


def run(
    configurations: Configurations = None,
    file: SpecFile = DEFAULT_SPEC,
    faults: Annotated[
        list[str] | None, typer.Option("--faults", help="Scenarios, with commas between them. Default: the eight of docs/bench.md.")
    ] = None,
    trials: Annotated[int, typer.Option("--trials", min=1, max=1000, help="How often each scenario is tried.")] = 1,
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
    from rich.console import Console

    from twinkeel.bench.configurations import chosen
    from twinkeel.bench.results import all_measured, read_columns
    from twinkeel.bench.run import FAULTS, run_bench
    from twinkeel.drill.faults.registry import find_fault

    wanted = chosen(configurations or [])
    names = [name for part in faults or FAULTS for name in part.split(",") if name]
    scenarios = tuple(find_fault(name) for name in names)
    ask(yes, f"Replace the load balancers' configuration {len(wanted)} times, and break the cluster with each?")
    folder = output or default_folder("bench")
    if any((folder / each.id).exists() for each in wanted):
        raise UsageError("the folder holds a bench already", where=str(folder), hint="give another folder with -o")
    console = Console(stderr=True, highlight=False, soft_wrap=True)

    async def measure() -> None:
        bench = await prepare_bench(file, wanted, scenarios, trials, deadline, folder, console)
        await run_bench(bench)

    try:
        run_to_the_end(measure())
    finally:
        if any((folder / each.id).is_dir() for each in wanted):
            show_columns(folder, format)
            console.print(f"histories: {folder}", markup=False)
    if not all_measured(read_columns(folder)):
        raise typer.Exit(EXIT_NO)


def restore(file: SpecFile = DEFAULT_SPEC) -> None:
    """Put our own configuration back after a bench that was killed. Nothing to put back is good, too.

    Exit code 0: ours is in force, applied and verified. 3: a host could not be reached, or it does not serve.
    """
    from tempfile import TemporaryDirectory

    from rich.console import Console

    from twinkeel.bench.run import restore as bring_ours

    async def put_back(folder: Path) -> None:
        bench = await prepare_bench(file, (), (), 1, 45, folder, Console(stderr=True, highlight=False, soft_wrap=True))
        async with bench.drill.alone():
            await bring_ours(bench)

    with TemporaryDirectory(prefix="twinkeel-bench-") as folder:
        run_to_the_end(put_back(Path(folder)))
    print("our own configuration is in force")


def ask(yes: bool, question: str) -> None:
    """Wait for a yes where somebody can give it. Abort otherwise."""
    if not yes and sys.stdin.isatty():
        typer.confirm(question, abort=True, err=True)


def run_to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Run it; SIGTERM and a closed terminal end it as Ctrl-C does: what was changed is put back first."""

    async def with_signals() -> None:
        task = asyncio.current_task()
        if task is not None:
            for number in (signal.SIGTERM, signal.SIGHUP):
                asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        await work

    try:
        asyncio.run(with_signals())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
