"""`twinkeel tune`."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinkeel.cli.options import DEFAULT_SPEC, BreakLock, Format, OutputFormat, SpecFile
from twinkeel.errors import EXIT_GOOD, EXIT_NO

if TYPE_CHECKING:
    from twinkeel.app.tune import Tuning

app = typer.Typer(add_completion=False)


@app.command()
def tune(
    file: SpecFile = DEFAULT_SPEC,
    duration: Annotated[float, typer.Option("--duration", min=10, max=7200, help="Seconds of measuring; with --load twice.")] = 120,
    load: Annotated[bool, typer.Option("--load", help="Measure again with saturated CPUs. Takes the cluster's lock.")] = False,
    wished: Annotated[
        float, typer.Option("--per-year", min=0.001, max=1000, help="How many false failovers a year are acceptable.")
    ] = 1,
    plot: Annotated[Path | None, typer.Option("--plot", help="Write a page with plots (HTML).")] = None,
    save: Annotated[Path | None, typer.Option("--save", help="Keep what was recorded, to evaluate it again with --from.")] = None,
    source: Annotated[Path | None, typer.Option("--from", help="Evaluate what --save kept; no host is asked.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before --load; without a terminal nothing is.")] = False,
    break_lock: BreakLock = False,
    format: OutputFormat = Format.text,  # noqa: A002
) -> None:
    """Measure which advertisement interval these load balancers and their network sustain. Changes nothing.

    Each load balancer sends the others a packet every 10 ms, the way an advertisement goes, and notes when theirs arrive. It is of
    protocol 112, version 0, type 15: VRRP routers discard it.

    Exit code 0: the interval in force is long enough. 1: it is shorter than these machines bear, or no interval can be recommended.
    3: a host could not be measured.
    """
    from twinkeel.app.tune import evaluate_file, require_plot
    from twinkeel.app.tune import plot as write_plot
    from twinkeel.cli.show_tune import as_json, as_text

    tuning = None if source is None else evaluate_file(source, wished)
    if plot is not None:
        require_plot(plot)
    if tuning is None:
        tuning = _measured(file, duration, wished, save, load=load, yes=yes, break_lock=break_lock)
    print(as_json(tuning) if format is Format.json else as_text(tuning))
    if plot is not None:
        write_plot(tuning, plot)
        print(f"plots: {plot}", file=sys.stderr)
    raise typer.Exit(EXIT_NO if tuning.too_short else EXIT_GOOD)


def _measured(
    file: Sequence[Path], duration: float, wished: float, save: Path | None, *, load: bool, yes: bool, break_lock: bool
) -> "Tuning":
    from twinkeel.app.tune import evaluate_recording, record
    from twinkeel.cli.load import open_context
    from twinkeel.cli.run_to_the_end import notes_console, notes_on, run_to_the_end

    context = open_context(file, break_lock=break_lock)
    if load and not yes and sys.stdin.isatty():
        question = f"Saturate the processors of every load balancer of {context.topology.name} for {duration:g} s?"
        typer.confirm(question, abort=True, err=True)
    work = record(context.reporting_to(notes_on(notes_console())), duration, load=load, save=save)
    return evaluate_recording(run_to_the_end(work), wished)
