"""What the drill commands share: where histories go, the drill itself, how trials are shown."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from twinkeel.errors import EXIT_FAILED, EXIT_GOOD, EXIT_NO

if TYPE_CHECKING:
    from rich.console import Console

    from twinkeel.drill.fault import Fault
    from twinkeel.drill.run import Drill
    from twinkeel.drill.trial import Trial
    from twinkeel.topology.model import Topology


COLOURS = {"pass": "green", "fail": "red", "unknown": "yellow"}


def drills_folder() -> Path:
    """Below the user's state folder."""
    import platformdirs

    return platformdirs.user_state_path("twinkeel") / "drills"


def default_folder(name: str) -> Path:
    """A new folder for this run, named by the time."""
    from datetime import datetime

    return drills_folder() / f"{name}-{datetime.now().astimezone():%Y%m%dT%H%M%S}"


async def prepare(
    topology: "Topology", faults: "tuple[Fault, ...]", trials: int, folder: Path, console: "Console", spec: str, kubectl: str = ""
) -> "Drill":
    """Everything that a drill needs, once the cluster could be asked; `kubectl` is the program to run beside. Raises HostError."""
    from importlib.metadata import version

    from twinkeel.drill.access import find_access
    from twinkeel.drill.facts import collect, write_facts
    from twinkeel.drill.https import Target
    from twinkeel.drill.run import Drill
    from twinkeel.errors import HostError
    from twinkeel.hosts.cluster_ca import fetch_cluster_ca
    from twinkeel.hosts.ssh import SshHosts

    async with SshHosts() as hosts:
        authority = await fetch_cluster_ca(hosts, topology.control_plane)
        facts = await collect(hosts, topology, version("twinkeel"), spec)
        access = await find_access(hosts, topology)
    if authority is None:
        names = ", ".join(machine.name for machine in topology.control_plane)
        hint = "a drill needs a running cluster: run Kubespray, then `twinkeel apply`"
        raise HostError("no control-plane host has the cluster's certificate authority", where=names, hint=hint)
    folder.mkdir(parents=True, exist_ok=True)
    ca_file = folder.absolute() / "ca.crt"
    ca_file.write_text(authority)
    write_facts(folder, facts)
    left_out: tuple[str, ...] = ()
    if isinstance(access, str):
        if kubectl:
            raise HostError(f"kubectl needs credentials: {access}", hint="leave --kubectl out, or install the cluster first")
        left_out = (f"watch stream and node readiness: {access}",)
        console.print(f"left out: {left_out[0]}", markup=False)
    endpoint, status = topology.endpoint, topology.cluster.anonymous_status
    target = Target(str(endpoint.vip.ip), endpoint.port, endpoint.name, ca_file, status=status)
    return Drill(
        topology,
        SshHosts,
        target,
        faults,
        trials,
        folder.absolute(),
        drills_folder(),
        lambda line: console.print(line, markup=False),
        access=None if isinstance(access, str) else access,
        kubectl=kubectl,
        left_out=left_out,
    )


def show(trials: "Sequence[Trial]") -> None:
    """A table of the trials, one of the scenarios when some were tried more than once, and why trials did not pass."""
    from rich.console import Console
    from rich.table import Table

    from twinkeel.report.summary import HEADINGS as SUMMARY_HEADINGS
    from twinkeel.report.summary import cells, summarize
    from twinkeel.report.trials import HEADINGS, trial_cells

    table = Table(*HEADINGS)
    for trial in trials:
        *row, verdict = trial_cells(trial)
        table.add_row(*row, f"[{COLOURS[verdict]}]{verdict}[/]")
    console = Console(highlight=False)
    # Rich takes 80 columns where there is no terminal, and would cut the cells.
    console.width = max(console.width, 124)
    console.print(table)
    summaries = summarize(trials)
    if len(summaries) < len(trials):
        scenarios = Table(*SUMMARY_HEADINGS)
        for summary in summaries:
            *figures, verdict = cells(summary)
            scenarios.add_row(*figures, f"[{COLOURS[verdict]}]{verdict}[/]")
        console.print(scenarios)
    for trial in trials:
        for reason in trial.verdict.reasons:
            console.print(f"{trial.scenario} {trial.number}: {reason}", markup=False)


def exit_code(trials: "Sequence[Trial]") -> int:
    """0 when every trial passed, 3 when there is none."""
    if not trials:
        return EXIT_FAILED
    return EXIT_GOOD if all(trial.verdict.verdict == "pass" for trial in trials) else EXIT_NO


def print_object(trial: "Trial") -> None:
    """One JSON line."""
    from twinkeel.report.trials import trial_object

    print(json.dumps(trial_object(trial)), flush=True)


async def heal(topology: "Topology") -> str:
    """Heal what a killed drill left; what that was, or an empty text."""
    from twinkeel.drill.heal import heal_what_is_left
    from twinkeel.hosts.ssh import SshHosts

    return await heal_what_is_left(topology, SshHosts, drills_folder(), lambda line: print(line, file=sys.stderr))
