"""Move virtual IPs to another load balancer on purpose, and prove before and after that the API answers through them."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from twinkeel.errors import HostError, UsageError
from twinkeel.hosts.cluster_ca import fetch_cluster_ca
from twinkeel.hosts.executor import Writer
from twinkeel.spec.fields import IPAddress
from twinkeel.support.events import Event, OnEvent, StepEnded, StepStarted, VipMoved
from twinkeel.topology.model import Topology
from twinkeel.vip.balancer_state import BalancerState, observe
from twinkeel.vip.daemons import VRRP_DAEMON
from twinkeel.vip.handover import wait_answers, wait_moved
from twinkeel.vip.standby import held_in_standby

HINT = "`twinkeel status` shows more; `twinkeel apply` puts it right"


@dataclass(frozen=True)
class SwitchoverResult:
    """What moved. `moves` is empty when the virtual IP was where it was wanted; `seconds` is for the whole procedure."""

    moves: tuple[VipMoved, ...]
    holders: Mapping[str, str]
    seconds: float


@dataclass(frozen=True)
class Moves:
    """Who gives virtual IPs away, and who takes none meanwhile (the others, where one target was named)."""

    sources: Mapping[str, tuple[IPAddress, ...]]
    bystanders: tuple[str, ...]


async def switchover(
    topology: Topology,
    writer: Writer,
    on_event: OnEvent,
    *,
    to: str | None,
    vip: IPAddress,
) -> SwitchoverResult:
    """Move virtual IPs to `to`, or to whoever takes what the holder of `vip` has. The caller holds the cluster's lock.

    A load balancer gives away all that it holds: several virtual IPs of one holder move together.

    Args:
        to, vip: what `check_names` has found good.

    Raises:
        HostError: the target is not fit to take over, or a load balancer cannot be reached; nothing moved.
        VerificationError: the API does not answer through the virtual IP, before (nothing moved) or after.
    """
    began = time.monotonic_ns()
    observed = await observe(writer, topology)
    ca = await fetch_cluster_ca(writer, topology.control_plane)
    plan = decide(observed, vip, to)
    moves = await _move_vips(topology, writer, plan, ca, on_event) if plan is not None else ()
    after = await observe(writer, topology)
    return SwitchoverResult(moves, holders_of(after), _since(began))


async def _move_vips(topology: Topology, writer: Writer, plan: Moves, ca: str | None, on_event: OnEvent) -> tuple[VipMoved, ...]:
    balancers = {balancer.machine.name: balancer for balancer in topology.load_balancers}
    moves: list[VipMoved] = []

    def keep(event: Event) -> None:
        moves.extend([event] if isinstance(event, VipMoved) else [])
        on_event(event)

    await wait_answers(topology, ca)
    title, start = f"Move virtual IPs away from {' and '.join(plan.sources)}", time.monotonic_ns()
    on_event(StepStarted(title))
    # Bystanders first: once the holders let go, only the target is there.
    async with (
        held_in_standby(writer, [balancers[name].machine for name in plan.bystanders]),
        held_in_standby(writer, [balancers[name].machine for name in plan.sources]),
    ):
        for name, vips in plan.sources.items():
            await wait_moved(writer, topology, balancers[name], vips, keep, start)
        await wait_answers(topology, ca)
    await wait_answers(topology, ca)
    on_event(StepEnded(title, "the API answers through the virtual IP" if ca else "the API was not asked", _since(start)))
    return tuple(moves)


def check_names(topology: Topology, to: str | None, vip: IPAddress | None) -> IPAddress:
    """The virtual IP that is meant.

    Raises:
        UsageError: the spec has no such load balancer or virtual IP, or only one load balancer.
    """
    names = [balancer.machine.name for balancer in topology.load_balancers]
    if topology.bgp is not None:
        hint = f"`twinkeel drain {to or names[0]}` puts one of them into standby, `twinkeel undrain` ends that"
        raise UsageError("every load balancer announces the virtual IPs: there is nothing to move", hint=hint)
    if len(names) == 1:
        raise UsageError("there is only one load balancer: nobody can take the virtual IP over")
    if to is not None and to not in names:
        raise UsageError(f"there is no load balancer {to!r}", hint=f"one of: {', '.join(names)}")
    vips = [each.ip for each in topology.endpoint.vips]
    if vip is not None and vip not in vips:
        raise UsageError(f"{vip} is no virtual IP of the spec", hint=f"one of: {', '.join(map(str, vips))}")
    return vip or vips[0]


def decide(observed: Mapping[str, BalancerState], vip: IPAddress, to: str | None) -> Moves | None:
    """Who gives what away; None when all is where it is wanted.

    Raises:
        HostError: nobody holds the virtual IP, or nobody that may take it is fit.
    """
    holders = [name for name, each in observed.items() if vip in each.holds]
    if len(holders) != 1:
        what = f"{' and '.join(holders)} hold it at the same time" if holders else "no load balancer holds it"
        raise HostError(what, where=str(vip), hint=HINT)
    sources = {name: each.holds for name, each in observed.items() if each.holds and name != to}
    if to is None:
        sources = {holders[0]: observed[holders[0]].holds}
    if not sources:
        return None
    for name in sources:
        if observed[name].handover != "standby":
            what = f"its {VRRP_DAEMON.name} runs with settings that know of no planned move"
            raise HostError(what, where=name, hint="run `twinkeel apply` first")
    targets = [to] if to is not None else [name for name in observed if name not in sources]
    api_is_up = any(each.servers_up for each in observed.values())
    reasons = {name: unfit(observed[name], api_is_up=api_is_up) for name in targets}
    if all(reasons.values()):
        reported = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
        raise HostError(f"the virtual IP stays on {holders[0]}: {reported}", where=str(vip), hint=HINT)
    bystanders = tuple(name for name in observed if to is not None and name != to and name not in sources)
    return Moves(sources, bystanders)


def unfit(target: BalancerState, *, api_is_up: bool) -> str:
    """Why a load balancer must not get a virtual IP now; empty when it may."""
    if not target.haproxy:
        return "HAProxy does not run there"
    if target.down:
        return f"{VRRP_DAEMON.name} considers HAProxy down"
    if not target.vip_daemon:
        return f"{VRRP_DAEMON.name} does not run there"
    if target.standby:
        return "it is in standby (/run/twinkeel/standby is 1)"
    if api_is_up and not target.servers_up:
        return "it reaches no API server"
    return ""


def holders_of(observed: Mapping[str, BalancerState]) -> dict[str, str]:
    """Each virtual IP that is held, and by whom."""
    return {str(vip): name for name, each in observed.items() for vip in each.holds}


def _since(began: int) -> float:
    return round((time.monotonic_ns() - began) / 1e9, 3)
