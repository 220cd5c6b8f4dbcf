"""`twinkeel drill run`: break the system, measure, heal, judge."""

import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinkeel.cli.drill_common import COLOURS, default_folder, exit_code, heal, prepare, print_object, show
from twinkeel.cli.options import DEFAULT_SPEC, BreakLock, Format, OutputFormat, SpecFile

if TYPE_CHECKING:
    from rich.console import Console

    from twinkeel.drill.fault import Fault
    from twinkeel.drill.trial import Trial
    from twinkeel.topology.model import Topology


def run(
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(help="Default: reboot-holder haproxy-stop power-loss. `all`: each that can run here and be survived."),
    ] = None,
    file: SpecFile = DEFAULT_SPEC,
    trials: Annotated[int, typer.Option("--trials", min=1, max=1000, help="How often each scenario is tried.")] = 1,
    budget: Annotated[
        float | None, typer.Option("--budget", min=0, help="Longest downtime in ms that passes, instead of each scenario's own.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for the histories. Default: below the user's state folder.")
    ] = None,
    vip: Annotated[
        str | None, typer.Option("--vip", help="The virtual IP that is measured and whose holder is broken. Default: the first.")
    ] = None,
    power_off: Annotated[
        str | None,
        typer.Option("--power-off-command", help="Cuts a host's power, instead of the spec's `power.off`; {host}: its name."),
    ] = None,
    power_on: Annotated[str | None, typer.Option("--power-on-command", help="Restores it, instead of `power.on`.")] = None,
    kubectl: Annotated[
        bool, typer.Option("--kubectl", help="Run the real kubectl once a second, too. It takes processor time from the client.")
    ] = False,
    break_lock: BreakLock = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first. Without a terminal nothing is asked.")] = False,
    format: OutputFormat = Format.text,  # noqa: A002
) -> None:
    """Break the system, measure what a client saw, heal it; judge against a budget.

    It refuses to start on a system that is not healthy, and heals first what a drill that was killed left broken.
    With --format json one object a trial, a line each.
    Exit code 0: every trial passed. 1: one failed, or could not be judged. 3: the drill could not run.
    """
    from rich.console import Console

    from twinkeel.cli.load import load_topology
    from twinkeel.topology.first_vip import with_first_vip

    topology = load_topology(file)
    if vip is not None:
        topology = with_first_vip(topology, vip)
    topology = _with_power(topology, power_off, power_on)
    faults = _chosen(scenarios or [], budget, topology)
    if not yes and sys.stdin.isatty():
        _ask(topology, faults, trials)
    program = _kubectl() if kubectl else ""
    folder = output or default_folder(topology.name)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        done = asyncio.run(
            _run(topology, faults, trials, folder, format, console, file.read_text(encoding="utf-8"), program, break_lock)
        )
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    if format is Format.text:
        show(done)
    console.print(f"report and histories: {folder}/report.html", markup=False)
    raise typer.Exit(exit_code(done))


def _chosen(names: Sequence[str], budget: float | None, topology: "Topology") -> "tuple[Fault, ...]":
    """The scenarios that were named, each with its budget: the command line's, else the spec's, else its own."""
    from dataclasses import replace

    from twinkeel.drill.faults.registry import DEFAULT, FAULTS, find_fault
    from twinkeel.drill.needs import missing

    budgets = {find_fault(name).id: limit for name, limit in topology.budgets.items()}
    if "all" in names:
        # What takes the whole API away for a time is done only when it is asked for by its name.
        can = [fault for fault in FAULTS if all(missing(need, topology) is None for need in fault.needs)]
        faults = tuple(fault for fault in can if fault.survivable or fault.id in names)
    else:
        faults = tuple(find_fault(name) for name in names or DEFAULT)
    return tuple(replace(fault, budget_ms=budgets.get(fault.id, fault.budget_ms) if budget is None else budget) for fault in faults)


def _with_power(topology: "Topology", off: str | None, on: str | None) -> "Topology":
    """With the command line's power commands, when they were given. Raises UsageError for one without the other."""
    from dataclasses import replace

    from twinkeel.errors import UsageError
    from twinkeel.topology.model import PowerControl

    if off is None and on is None:
        return topology
    if not off or not on:
        raise UsageError("a host that is switched off must be switched on again", hint="give both power commands, or neither")
    return replace(topology, power=PowerControl(off, on))


def _kubectl() -> str:
    """Where it is. Raises UsageError when there is none."""
    import shutil

    from twinkeel.errors import UsageError

    found = shutil.which("kubectl")
    if found is None:
        raise UsageError("there is no kubectl on PATH", hint="install it, or leave --kubectl out")
    return found


def _ask(topology: "Topology", faults: "Sequence[Fault]", trials: int) -> None:
    """Show what will be broken, and wait for a yes. Abort otherwise."""
    times = f", {trials} times each" if trials > 1 else ""
    print(f"This breaks the cluster {topology.name} ({topology.endpoint.name}) on purpose{times}:", file=sys.stderr)
    for fault in faults:
        warning = "" if fault.survivable else " The API will not answer until it is healed."
        print(f"  {fault.id}: {fault.does}{warning}", file=sys.stderr)
    typer.confirm("Go on?", abort=True, err=True)


async def _run(
    topology: "Topology",
    faults: "tuple[Fault, ...]",
    trials: int,
    folder: Path,
    format: Format,  # noqa: A002
    console: "Console",
    spec: str,
    kubectl: str,
    break_lock: bool,
) -> "list[Trial]":
    """Every trial of the drill. SIGTERM ends it like Ctrl-C: the fault under way is healed first."""
    from dataclasses import replace

    from twinkeel.drill.run import run_drill

    task = asyncio.current_task()
    if task is not None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    done: list[Trial] = []
    await heal(topology)
    drill = replace(await prepare(topology, faults, trials, folder, console, spec, kubectl), break_lock=break_lock)
    try:
        async for trial in run_drill(drill):
            done.append(trial)
            _announce(trial, console)
            if format is Format.json:
                print_object(trial)
    finally:
        if done:
            _write_reports(folder, console)
            if len(done) < len(faults) * trials and format is Format.text:
                show(done)
    return done


def _announce(trial: "Trial", console: "Console") -> None:
    verdict = trial.verdict
    downtime = "not measured" if verdict.downtime_ms is None else f"{verdict.downtime_ms:.0f} ms"
    colour = COLOURS[verdict.verdict]
    console.print(f"{trial.scenario} {trial.number}: downtime {downtime}, [{colour}]{verdict.verdict}[/]")
    for reason in verdict.reasons:
        console.print(f"    {reason}", markup=False)


def _write_reports(folder: Path, console: "Console") -> None:
    """The reports; a full disk here must not hide what the drill itself has to say."""
    from twinkeel.report.write import write_reports
    from twinkeel.support.extras import ExtraMissingError

    try:
        write_reports(folder)
    except ExtraMissingError as error:
        console.print(f"there is no report.html: {error.what}. {error.hint}; then twinkeel drill report {folder}", markup=False)
    except OSError as error:
        console.print(f"the reports could not be written: {error.strerror} ({folder})", markup=False)
