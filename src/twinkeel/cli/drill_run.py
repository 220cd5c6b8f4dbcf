"""`twinkeel drill run`: break the system, measure, heal, judge."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinkeel.cli import complete
from twinkeel.cli.drill_common import COLOURS, MILLISECOND, PERIOD_MS, Ask, Asked, Period, exit_code, print_object, show
from twinkeel.cli.options import DEFAULT_SPEC, BreakLock, Format, OutputFormat, SpecFile
from twinkeel.cli.run_to_the_end import notes_console, notes_on, run_to_the_end

if TYPE_CHECKING:
    from rich.console import Console

    from twinkeel.app.drill import Fault, Trial
    from twinkeel.topology.model import Topology


def run(
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(
            help="Default: reboot-holder haproxy-stop power-loss. `all`: all that can run here and that the cluster survives.",
            autocompletion=complete.scenarios,
        ),
    ] = None,
    file: SpecFile = DEFAULT_SPEC,
    trials: Annotated[int, typer.Option("--trials", min=1, max=1000, help="Trials per scenario.")] = 1,
    budget: Annotated[
        float | None, typer.Option("--budget", min=0, help="Longest downtime in ms that passes, instead of each scenario's own.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for the histories. Default: below the user's state folder.")
    ] = None,
    vip: Annotated[
        str | None,
        typer.Option(
            "--vip",
            help="The virtual IP that is measured and whose holder is broken. Default: the first.",
            autocompletion=complete.virtual_ips,
        ),
    ] = None,
    power_off: Annotated[
        str | None,
        typer.Option(
            "--power-off-command", help="A command that cuts a host's power, instead of the spec's `power.off`; {host} is its name."
        ),
    ] = None,
    power_on: Annotated[
        str | None, typer.Option("--power-on-command", help="A command that restores it, instead of `power.on`.")
    ] = None,
    kubectl: Annotated[
        bool, typer.Option("--kubectl", help="Also run the real kubectl once a second. It takes CPU time from the client.")
    ] = False,
    ask: Asked = Ask.api,
    period: Period = PERIOD_MS,
    break_lock: BreakLock = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask for confirmation; without a terminal nothing is asked anyway.")
    ] = False,
    format: OutputFormat = Format.text,  # noqa: A002
) -> None:
    """Break the system, measure what a client sees, heal it; judge against a budget.

    It refuses to start on a system that is not healthy, and first heals what a killed drill left broken.
    --format json prints one object per trial, one per line.
    Exit code 0: every trial passed. 1: one failed, or could not be judged. 3: the drill could not run.
    """

    from twinkeel.app.drill import DrillOrder, default_folder
    from twinkeel.app.drill import run as run_drill
    from twinkeel.app.drill_choice import choose_faults, find_kubectl, measuring, with_power
    from twinkeel.cli.load import open_context

    context = open_context(file, break_lock=break_lock)
    if vip is not None:
        context = measuring(context, vip)
    context = with_power(context, power_off, power_on)
    faults = choose_faults(scenarios or [], budget, context.topology)
    if not yes and sys.stdin.isatty():
        _ask(context.topology, faults, trials)
    program = find_kubectl() if kubectl else ""
    order = DrillOrder(output or default_folder(context.topology.name), faults, trials, program, ask.value, period * MILLISECOND)
    console = notes_console()
    done: list[Trial] = []

    def show_trial(trial: "Trial") -> None:
        done.append(trial)
        _announce(trial, console)
        if format is Format.json:
            print_object(trial)

    try:
        run_to_the_end(run_drill(context.reporting_to(notes_on(console)), order, show_trial))
    finally:
        # Also of a drill that was broken off.
        if done and format is Format.text:
            show(done)
    console.print(f"report and histories: {order.folder}/report.html", markup=False)
    raise typer.Exit(exit_code(done))


def _ask(topology: "Topology", faults: "Sequence[Fault]", trials: int) -> None:
    """Show what will be broken, and wait for a yes. Abort otherwise."""
    times = f", {trials} times each" if trials > 1 else ""
    print(f"This breaks the cluster {topology.name} ({topology.endpoint.name}) on purpose{times}:", file=sys.stderr)
    for fault in faults:
        warning = "" if fault.survivable else " The API will not answer until it is healed."
        print(f"  {fault.id}: {fault.does}{warning}", file=sys.stderr)
    typer.confirm("Go on?", abort=True, err=True)


def _announce(trial: "Trial", console: "Console") -> None:
    verdict = trial.verdict
    downtime = "not measured" if verdict.downtime_ms is None else f"{verdict.downtime_ms:.0f} ms"
    colour = COLOURS[verdict.verdict]
    console.print(f"{trial.scenario} {trial.number}: downtime {downtime}, [{colour}]{verdict.verdict}[/]")
    for reason in verdict.reasons:
        console.print(f"    {reason}", markup=False)
