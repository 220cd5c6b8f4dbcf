"""Use cases: the same faults, or the same load, on other configurations of the load balancers; ours comes back at the end."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from twinkeel.app.context import Context
from twinkeel.app.drill import DrillOrder, drills_folder
from twinkeel.app.drill import prepare as prepare_drill
from twinkeel.app.hosts import ClusterHosts
from twinkeel.app.run_log import log_of
from twinkeel.bench import run as benches
from twinkeel.bench.configurations import CONFIGURATIONS, Configuration
from twinkeel.bench.data_path import Effort, measure_paths
from twinkeel.bench.data_path import Path as Way
from twinkeel.bench.load_generator import require_generator
from twinkeel.bench.peer_files import refuse_what_peers_cannot
from twinkeel.bench.plain_status import plain_status
from twinkeel.bench.run import FAULTS, Bench
from twinkeel.drill.fault import Fault
from twinkeel.drill.faults.registry import find_fault
from twinkeel.drill.heal import heal_what_is_left
from twinkeel.rollout import apply as rollout
from twinkeel.spec.failover_defaults import TIMERS
from twinkeel.topology.build import build
from twinkeel.topology.model import Topology

__all__ = ["FAULTS", "Effort", "Way", "data_path", "find_faults", "require_generator", "restore", "run"]

RECOVERY = 45.0  # Seconds; see `Drill.recovery`.


def find_faults(names: Sequence[str]) -> tuple[Fault, ...]:
    """The scenarios in a list whose items may hold several, with commas between them. Raises UsageError."""
    return tuple(find_fault(name) for part in names for name in part.split(",") if name)


async def run(context: Context, configurations: tuple[Configuration, ...], order: DrillOrder, recovery: float) -> None:
    """Every trial of every configuration, each in a folder of its own below the order's.

    Args:
        recovery: seconds after which a fault that clients still suffer from is healed.

    Raises:
        LockedError: another run works on these load balancers.
        TwinkeelError: see `run_bench`.
    """
    await benches.run_bench(await prepare(context, configurations, order, recovery))


async def data_path(context: Context, configurations: tuple[Configuration, ...], effort: Effort, folder: Path) -> list[Way]:
    """What requests cost on the way straight to an API server, and through each configuration.

    Raises:
        LockedError: another run works on these load balancers.
        TwinkeelError: see `measure_paths`.
    """
    return await measure_paths(await prepare(context, configurations, DrillOrder(folder)), effort)


async def restore(context: Context, folder: Path) -> None:
    """Our own configuration is back after a bench that was killed, applied and verified; `folder` is for what it needs meanwhile.

    Raises:
        LockedError: another run works on these load balancers.
        TwinkeelError: a host could not be reached, or it does not serve.
    """
    bench = await prepare(context, (), DrillOrder(folder))
    async with bench.drill.alone():
        await benches.restore(bench)


async def prepare(
    context: Context, configurations: tuple[Configuration, ...], order: DrillOrder, recovery: float = RECOVERY
) -> Bench:
    """Everything that a bench needs, once the cluster could be asked; what a killed drill left is healed. Raises TwinkeelError."""
    own, secrets, hosts = context.topology, context.secrets, ClusterHosts(context)
    if any(each.profile is None for each in configurations):
        refuse_what_peers_cannot(own)
    drill = await prepare_drill(context, hosts, order)
    ca = drill.target.ca_file.read_text(encoding="utf-8")
    await heal_what_is_left(own, hosts.open, drills_folder(), drill.on_message, plain_status(ca), break_lock=context.break_lock)

    async def bring_to(wanted: Topology) -> None:
        # The bench holds the lock all the time.
        async with hosts.open() as writer:
            # What the peers' files do besides is theirs.
            await rollout.apply(wanted, writer, log_of(context, "bench"), lambda _: None, secrets=secrets, held=True, discard=True)

    return Bench(replace(drill, recovery=recovery, command="twinkeel bench"), configurations, variants(context), bring_to, ca)


def variants(context: Context) -> Mapping[str, Topology]:
    """The system with each profile of ours, by configuration; no timer of the spec's own is in force."""
    none_given = dict.fromkeys(("advert_interval", *TIMERS["fast"]))
    found = {}
    for each in CONFIGURATIONS:
        if each.profile is not None:
            failover = context.spec.failover.model_copy(update={**none_given, "profile": each.profile})
            found[each.id] = build(
                context.spec.model_copy(update={"failover": failover}), context.file.parent, context.topology.cluster.release
            )
    return found
