"""`twinkeel drill`: list, run, report."""

import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinkeel.cli.options import DEFAULT_SPEC, Format, OutputFormat, SpecFile
from twinkeel.errors import EXIT_FAILED, EXIT_GOOD, EXIT_NO

if TYPE_CHECKING:
    from rich.console import Console

    from twinkeel.drill.fault import Fault
    from twinkeel.drill.run import Drill
    from twinkeel.drill.trial import Trial
    from twinkeel.topology.model import Topology

app = typer.Typer(add_completion=False, no_args_is_help=True)

COLOURS = {"pass": "green", "fail": "red", "unknown": "yellow"}


@app.callback()
def drill() -> None:
    """Break something on purpose and measure what a client saw."""


@app.command("list")
def list_faults(format: OutputFormat = Format.text) -> None:  # noqa: A002
    """Show every scenario: what it does, why, how it heals, and its budget."""
    from rich.console import Console

    from twinkeel.drill.faults.registry import FAULTS

    if format is Format.json:
        keys = ("id", "title", "does", "why", "heals", "expect", "budget_ms", "needs")
        print(json.dumps([{key: getattr(fault, key) for key in keys} for fault in FAULTS]))
        return
    console = Console(highlight=False)
    for fault in FAULTS:
        console.print(f"[bold]{fault.id}[/]  budget {fault.budget_ms:g} ms")
        lines = (fault.does, fault.why, f"Expect: {fault.expect}", f"Heals: {fault.heals}")
        for line in (*lines, f"Needs: {', '.join(fault.needs)}.") if fault.needs else lines:
            console.print(f"    {line}", markup=False)


@app.command()
def run(
    scenarios: Annotated[
        list[str] | None, typer.Argument(help="Default: reboot-holder haproxy-stop power-loss. `all`: each that can run here.")
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
    faults = _chosen(scenarios or [], budget, topology)
    if not yes and sys.stdin.isatty():
        _ask(topology, faults, trials)
    folder = output or _default_folder(topology.name)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        done = asyncio.run(_run(topology, faults, trials, folder, format, console, file.read_text(encoding="utf-8")))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    if format is Format.text:
        _show(done)
    console.print(f"report and histories: {folder}/report.html", markup=False)
    raise typer.Exit(_exit_code(done))


@app.command()
def heal(file: SpecFile = DEFAULT_SPEC) -> None:
    """Heal what a drill that was killed left broken. Nothing to heal is good, too.

    Exit code 0: the system is healthy. 3: it is not, or a host cannot be reached.
    """
    from twinkeel.cli.load import load_topology

    topology = load_topology(file)
    healed = asyncio.run(_heal(topology))
    print(f"healed: {healed}" if healed else "no drill of this cluster left anything to heal")


async def _heal(topology: "Topology") -> str:
    from twinkeel.drill.heal import heal_what_is_left
    from twinkeel.hosts.ssh import SshHosts

    return await heal_what_is_left(topology, SshHosts, _drills_folder(), lambda line: print(line, file=sys.stderr))


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="What `twinkeel drill run -o` wrote.")],
    format: OutputFormat = Format.text,  # noqa: A002
) -> None:
    """Judge recorded trials anew and show them; writes report.html, report.md and report.json beside them, too.

    Exit code 0: every trial passed. 1: one failed, or could not be judged.
    """
    from twinkeel.report.write import write_reports

    trials = write_reports(folder)
    if format is Format.json:
        for trial in trials:
            _print_object(trial)
    else:
        _show(trials)
    raise typer.Exit(_exit_code(trials))


@app.command()
def compare(
    before: Annotated[Path, typer.Argument(help="What an earlier `twinkeel drill run -o` wrote.")],
    after: Annotated[Path, typer.Argument(help="What a later one wrote.")],
    format: OutputFormat = Format.text,  # noqa: A002
) -> None:
    """Show two runs side by side: medians and maxima of the scenarios that both have, judged anew."""
    from rich.console import Console
    from rich.table import Table

    from twinkeel.drill.trial import read_trials
    from twinkeel.report.summary import compare as compare_runs
    from twinkeel.report.summary import summarize

    rows = compare_runs(summarize(read_trials(before)), summarize(read_trials(after)))
    if format is Format.json:
        print(json.dumps(rows))
        return
    table = Table("scenario", "median ms", "max ms", "times the first", "verdict")
    for row in rows:
        times = [" -> ".join("-" if each is None else f"{each:.0f}" for each in row[key]) for key in ("median_ms", "max_ms")]
        ratio = "-" if row["ratio"] is None else f"{row['ratio']:g}"
        table.add_row(row["scenario"], *times, ratio, " -> ".join(row["verdict"]))
    Console(highlight=False).print(table)


def _chosen(names: Sequence[str], budget: float | None, topology: "Topology") -> "tuple[Fault, ...]":
    """The scenarios that were named, each with its budget: the command line's, else the spec's, else its own."""
    from dataclasses import replace

    from twinkeel.drill.faults.registry import DEFAULT, FAULTS, find_fault
    from twinkeel.drill.needs import missing

    budgets = {find_fault(name).id: limit for name, limit in topology.budgets.items()}
    if "all" in names:
        faults = tuple(fault for fault in FAULTS if all(missing(need, topology) is None for need in fault.needs))
    else:
        faults = tuple(find_fault(name) for name in names or DEFAULT)
    return tuple(replace(fault, budget_ms=budgets.get(fault.id, fault.budget_ms) if budget is None else budget) for fault in faults)


def _ask(topology: "Topology", faults: "Sequence[Fault]", trials: int) -> None:
    """Show what will be broken, and wait for a yes. Abort otherwise."""
    times = f", {trials} times each" if trials > 1 else ""
    print(f"This breaks the cluster {topology.name} ({topology.endpoint.name}) on purpose{times}:", file=sys.stderr)
    for fault in faults:
        print(f"  {fault.id}: {fault.does}", file=sys.stderr)
    typer.confirm("Go on?", abort=True, err=True)


def _drills_folder() -> Path:
    import platformdirs

    return platformdirs.user_state_path("twinkeel") / "drills"


def _default_folder(name: str) -> Path:
    from datetime import datetime

    return _drills_folder() / f"{name}-{datetime.now().astimezone():%Y%m%dT%H%M%S}"


async def _run(
    topology: "Topology",
    faults: "tuple[Fault, ...]",
    trials: int,
    folder: Path,
    format: Format,  # noqa: A002
    console: "Console",
    spec: str,
) -> "list[Trial]":
    """Every trial of the drill. SIGTERM ends it like Ctrl-C: the fault under way is healed first."""
    from twinkeel.drill.run import run_drill

    task = asyncio.current_task()
    if task is not None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    done: list[Trial] = []
    await _heal(topology)
    drill = await _prepare(topology, faults, trials, folder, console, spec)
    try:
        async for trial in run_drill(drill):
            done.append(trial)
            _announce(trial, console)
            if format is Format.json:
                _print_object(trial)
    finally:
        if done:
            _write_reports(folder, console)
            if len(done) < len(faults) * trials and format is Format.text:
                _show(done)
    return done


async def _prepare(
    topology: "Topology", faults: "tuple[Fault, ...]", trials: int, folder: Path, console: "Console", spec: str
) -> "Drill":
    from importlib.metadata import version

    from twinkeel.drill.facts import collect, write_facts
    from twinkeel.drill.https import Target
    from twinkeel.drill.run import Drill
    from twinkeel.errors import HostError
    from twinkeel.hosts.cluster_ca import fetch_cluster_ca
    from twinkeel.hosts.ssh import SshHosts

    async with SshHosts() as hosts:
        authority = await fetch_cluster_ca(hosts, topology.control_plane)
        facts = await collect(hosts, topology, version("twinkeel"), spec)
    if authority is None:
        names = ", ".join(machine.name for machine in topology.control_plane)
        hint = "a drill needs a running cluster: run Kubespray, then `twinkeel apply`"
        raise HostError("no control-plane host has the cluster's certificate authority", where=names, hint=hint)
    folder.mkdir(parents=True, exist_ok=True)
    ca_file = folder.absolute() / "ca.crt"
    ca_file.write_text(authority)
    write_facts(folder, facts)
    target = Target(str(topology.endpoint.vip.ip), topology.endpoint.port, topology.endpoint.name, ca_file)
    return Drill(
        topology,
        SshHosts,
        target,
        faults,
        trials,
        folder.absolute(),
        _drills_folder(),
        lambda line: console.print(line, markup=False),
    )


def _announce(trial: "Trial", console: "Console") -> None:
    verdict = trial.verdict
    downtime = "not measured" if verdict.downtime_ms is None else f"{verdict.downtime_ms:.0f} ms"
    colour = COLOURS[verdict.verdict]
    console.print(f"{trial.scenario} {trial.number}: downtime {downtime}, [{colour}]{verdict.verdict}[/]")
    for reason in verdict.reasons:
        console.print(f"    {reason}", markup=False)


def _show(trials: "Sequence[Trial]") -> None:
    from rich.console import Console
    from rich.table import Table

    from twinkeel.report.trials import HEADINGS, trial_cells

    table = Table(*HEADINGS)
    for trial in trials:
        *cells, verdict = trial_cells(trial)
        table.add_row(*cells, f"[{COLOURS[verdict]}]{verdict}[/]")
    console = Console(highlight=False)
    # Rich takes 80 columns where there is no terminal, and would cut the cells.
    console.width = max(console.width, 110)
    console.print(table)
    for trial in trials:
        for reason in trial.verdict.reasons:
            console.print(f"{trial.scenario} {trial.number}: {reason}", markup=False)


def _write_reports(folder: Path, console: "Console") -> None:
    """The reports; a full disk here must not hide what the drill itself has to say."""
    from twinkeel.report.write import write_reports

    try:
        write_reports(folder)
    except OSError as error:
        console.print(f"the reports could not be written: {error.strerror} ({folder})", markup=False)


def _print_object(trial: "Trial") -> None:
    from twinkeel.report.trials import trial_object

    print(json.dumps(trial_object(trial)), flush=True)


def _exit_code(trials: "Sequence[Trial]") -> int:
    if not trials:
        return EXIT_FAILED
    return EXIT_GOOD if all(trial.verdict.verdict == "pass" for trial in trials) else EXIT_NO
