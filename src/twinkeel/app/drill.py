"""Use cases: break the system and measure what a client saw; heal what a drill that was killed left broken."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from twinkeel.app.context import Context
from twinkeel.app.hosts import ClusterHosts
from twinkeel.drill.access import Access, find_access
from twinkeel.drill.ask import Ask, asking
from twinkeel.drill.drill import Drill
from twinkeel.drill.facts import collect, write_facts
from twinkeel.drill.fault import Fault
from twinkeel.drill.heal import heal_what_is_left
from twinkeel.drill.https import Target
from twinkeel.drill.output import require_output
from twinkeel.drill.run import run_drill
from twinkeel.drill.soak import SoakResult
from twinkeel.drill.soak import soak as run_soak
from twinkeel.drill.streams import PERIOD
from twinkeel.drill.trial import Trial
from twinkeel.errors import HostError
from twinkeel.hosts.cluster_ca import fetch_cluster_ca
from twinkeel.report.write import write_reports
from twinkeel.support.extras import ExtraMissingError
from twinkeel.support.user_folders import state_folder

__all__ = ["DrillOrder", "Fault", "SoakResult", "Trial", "default_folder", "heal", "prepare", "run", "soak"]


@dataclass(frozen=True)
class DrillOrder:
    """What to try, how often, and where the histories go.

    `kubectl` is the program to run beside the client, if any; `ask` what the client's small request asks; `period` the time between
    two new connections, in nanoseconds.
    """

    folder: Path
    faults: tuple[Fault, ...] = ()
    trials: int = 1
    kubectl: str = ""
    ask: Ask = "api"
    period: int = PERIOD


def drills_folder() -> Path:
    """Below the user's state folder."""
    return state_folder() / "drills"


def default_folder(name: str) -> Path:
    """A new folder for this run, named by the time."""
    return drills_folder() / f"{name}-{datetime.now().astimezone():%Y%m%dT%H%M%S}"


async def heal(context: Context) -> str:
    """Heal what a killed drill left, under the lock of every load balancer that answers; what that was, or an empty text.

    Raises:
        LockedError: another run works on these load balancers.
        UsageError, HostError, ToolError, VerificationError: see `twinkeel.drill.heal.heal_what_is_left`.
    """
    hosts = ClusterHosts(context)
    return await heal_what_is_left(context.topology, hosts.open, drills_folder(), context.note, break_lock=context.break_lock)


async def run(context: Context, order: DrillOrder, on_trial: Callable[[Trial], None]) -> None:
    """Heal what an earlier drill left, then play every trial; reports are written also when it is broken off.

    Args:
        on_trial: gets each trial as it ends.

    Raises:
        LockedError: another run works on these load balancers.
        UsageError, ToolError, HostError, VerificationError: the drill cannot begin, see `require_output` and `run_drill`.
    """
    require_output(order.folder)
    await heal(context)
    drill = await prepare(context, ClusterHosts(context), order)
    done = False
    try:
        async for trial in run_drill(drill):
            done = True
            on_trial(trial)
    finally:
        if done:
            _write_reports(context, order.folder)


async def soak(context: Context, order: DrillOrder, minutes: float) -> SoakResult:
    """Keep every load balancer's processors busy for `minutes`. Raises as `require_output` and `twinkeel.drill.soak.soak` do."""
    require_output(order.folder)
    drill = await prepare(context, ClusterHosts(context), order)
    return await run_soak(replace(drill, command="twinkeel drill soak"), minutes)


async def prepare(context: Context, hosts: ClusterHosts, order: DrillOrder) -> Drill:
    """Everything that a drill needs, once the cluster could be asked. Raises HostError."""
    topology, folder = context.topology, order.folder
    async with hosts.reading() as reader:
        authority = await fetch_cluster_ca(reader, topology.control_plane)
        facts = await collect(reader, topology, version("twinkeel"), context.text)
        access = await find_access(reader, topology)
    if authority is None:
        names = ", ".join(machine.name for machine in topology.control_plane)
        hint = "a drill needs a running cluster: run Kubespray, then `twinkeel apply`"
        raise HostError("no control-plane host has the cluster's certificate authority", where=names, hint=hint)
    folder.mkdir(parents=True, exist_ok=True)
    ca_file = folder.absolute() / "ca.crt"
    ca_file.write_text(authority)
    write_facts(folder, facts)
    endpoint, status = topology.endpoint, topology.cluster.anonymous_status
    target = Target(str(endpoint.vip.ip), endpoint.port, endpoint.name, ca_file, status=status)
    return Drill(
        topology,
        hosts.open,
        asking(target, order.ask, credentials=isinstance(access, Access)),
        order.faults,
        order.trials,
        folder.absolute(),
        drills_folder(),
        context.note,
        access=access if isinstance(access, Access) else None,
        kubectl=order.kubectl,
        left_out=_left_out(context, access, order),
        period=order.period,
        break_lock=context.break_lock,
    )


def _left_out(context: Context, access: Access | str, order: DrillOrder) -> tuple[str, ...]:
    """What cannot be measured without credentials; it is told. Raises HostError when kubectl was asked for."""
    if isinstance(access, Access):
        return ()
    if order.kubectl:
        raise HostError(f"kubectl needs credentials: {access}", hint="leave --kubectl out, or install the cluster first")
    instead = "; reads of the API, /version is asked instead" if order.ask == "api" else ""
    left_out = f"watch stream, node readiness, uploads and long answers{instead}: {access}"
    context.note(f"left out: {left_out}")
    return (left_out,)


def _write_reports(context: Context, folder: Path) -> None:
    """The reports; a full disk here must not hide what the drill itself has to say."""
    try:
        write_reports(folder)
    except ExtraMissingError as error:
        context.note(f"there is no report.html: {error.what}. {error.hint}; then twinkeel drill report {folder}")
    except OSError as error:
        context.note(f"the reports could not be written: {error.strerror} ({folder})")
