"""`twinkeel drill`: list, run, soak, heal, report, compare."""

import json
from pathlib import Path
from typing import Annotated

import typer

from twinkeel.cli import drill_run, drill_soak
from twinkeel.cli.drill_common import exit_code, print_object, show
from twinkeel.cli.options import DEFAULT_SPEC, BreakLock, Format, OutputFormat, SpecFile
from twinkeel.cli.run_async import run
from twinkeel.cli.run_to_the_end import notes_console, notes_on

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def drill() -> None:
    """Break something on purpose and measure what a client sees."""


@app.command("list")
def list_faults(format: OutputFormat = Format.text) -> None:  # noqa: A002
    """Show every scenario: what it does, why, how it heals, and its budget."""
    from rich.console import Console

    from twinkeel.app.drill_choice import FAULTS
    from twinkeel.cli.text_layout import indented, usable_width

    if format is Format.json:
        keys = ("id", "title", "does", "why", "heals", "expect", "budget_ms")
        print(json.dumps([{**{key: getattr(fault, key) for key in keys}, "needs": fault.prerequisites} for fault in FAULTS]))
        return
    console = Console(highlight=False, emoji=False)
    for fault in FAULTS:
        console.print(f"[bold]{fault.id}[/]  budget {fault.budget_ms:g} ms")
        lines = [fault.does, fault.why, f"Expect: {fault.expect}", f"Heals: {fault.heals}"]
        if fault.prerequisites:
            lines.append(f"Needs: {', '.join(fault.prerequisites)}.")
        for line in lines:
            console.print(indented(line, usable_width(console.width)), markup=False, soft_wrap=True)


app.command("run")(drill_run.run)
app.command("soak")(drill_soak.soak)


@app.command("heal")
def heal_now(file: SpecFile = DEFAULT_SPEC, break_lock: BreakLock = False) -> None:
    """Heal what a killed drill left broken. Having nothing to heal is success, too.

    The load balancers' lock is held meanwhile on each of them that answers: the fault may be why another one does not.

    Exit code 0: nothing was left to heal (then no host is looked at), or the system is healthy again. 3: it is not, or a host
    cannot be reached.
    """
    from twinkeel.app.drill import heal
    from twinkeel.cli.load import open_context

    context = open_context(file, break_lock=break_lock).reporting_to(notes_on(notes_console()))
    healed = run(heal(context))
    print(f"healed: {healed}" if healed else "no drill of this cluster left anything to heal")


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="What `twinkeel drill run -o` wrote.")],
    timeline: Annotated[bool, typer.Option("--timeline", help="Only what happened in each trial, moment by moment.")] = False,
    format: OutputFormat = Format.text,  # noqa: A002
) -> None:
    """Judge recorded trials again and show them; also writes report.html, report.md and report.json beside them.

    Exit code 0: every trial passed. 1: one failed, or could not be judged. With --timeline: 0.
    """
    from twinkeel.app.drill_results import write_reports

    if timeline:
        _show_timelines(folder, format)
        return

    trials = write_reports(folder)
    if format is Format.json:
        for trial in trials:
            print_object(trial)
    else:
        show(trials)
    raise typer.Exit(exit_code(trials))


def _show_timelines(folder: Path, format: Format) -> None:  # noqa: A002
    from twinkeel.app.drill_results import timelines

    for name, moments in timelines(folder).items():
        if format is Format.json:
            print(json.dumps({"trial": name, "moments": [vars(each) for each in moments]}))
        else:
            print(
                f"{name}, milliseconds since the drill began to break it:",
                *(f"{each.ms:10.1f}  {each.what}" for each in moments),
                sep="\n",
            )


@app.command()
def compare(
    before: Annotated[Path, typer.Argument(help="What an earlier `twinkeel drill run -o` wrote.")],
    after: Annotated[Path, typer.Argument(help="What a later one wrote.")],
    format: OutputFormat = Format.text,  # noqa: A002
) -> None:
    """Show two runs side by side: medians and maxima of the scenarios that both have, judged anew."""
    from rich.console import Console
    from rich.table import Table

    from twinkeel.app.drill_results import compare as compare_runs

    rows = compare_runs(before, after)
    if format is Format.json:
        print(json.dumps(rows))
        return
    table = Table("scenario", "median ms", "max ms", "times the first", "verdict")
    for row in rows:
        times = [" -> ".join("-" if each is None else f"{each:.0f}" for each in row[key]) for key in ("median_ms", "max_ms")]
        ratio = "-" if row["ratio"] is None else f"{row['ratio']:g}"
        table.add_row(row["scenario"], *times, ratio, " -> ".join(row["verdict"]))
    console = Console(highlight=False, emoji=False)
    console.print(table)
    streams = Table("scenario", "stream", "failed", "connections ended", "longest wait ms")
    for row in rows:
        for name, figures in row["streams"].items():
            if name != "new" and any(figures["failed"] + figures["connections_lost"]):
                pairs = (" -> ".join(f"{each:.0f}" for each in figures[key]) for key in ("failed", "connections_lost", "stall_ms"))
                streams.add_row(row["scenario"], name, *pairs)
    if streams.row_count:
        console.print(streams)
    for row in rows:
        asked = [", ".join(each) or "something unknown" for each in row["asked"]]
        if asked[0] != asked[1]:
            print(f"{row['scenario']}: the first run asked {asked[0]}, the second {asked[1]}: downtimes of two kinds")
