"""Planned moves of virtual IPs: a load balancer enters standby, another one takes over within milliseconds."""

import asyncio
import time
from collections.abc import Sequence

from twinkeel.errors import HostError, VerificationError
from twinkeel.hosts.executor import Writer
from twinkeel.spec.fields import IPAddress
from twinkeel.status.holders import read_addresses
from twinkeel.status.readyz import ask_readyz, tls_context
from twinkeel.support.events import OnEvent, VipMoved
from twinkeel.topology.model import LoadBalancer, Machine, Topology
from twinkeel.vip.backend import HandoverMethod
from twinkeel.vip.daemons import VRRP_DAEMON
from twinkeel.vip.standby import all_leave_standby, enter_standby, leave_standby
from twinkeel.vip.steering import keep_connections

MOVE_DEADLINE = 10.0
ANSWER_DEADLINE = 5.0
PAUSE = 0.02


async def wait_moved(
    writer: Writer, topology: Topology, source: LoadBalancer, vips: Sequence[IPAddress], on_event: OnEvent, began: int
) -> None:
    """Wait until none of the virtual IPs is on `source` and each is on another load balancer.

    Args:
        began: when the move was asked for (time.monotonic_ns).

    Raises:
        VerificationError: it did not happen in time.
    """
    left = set(vips)
    end = began + int(MOVE_DEADLINE * 1e9)
    others = [balancer.machine for balancer in topology.load_balancers if balancer is not source]
    while left:
        here = await read_addresses(writer, source.machine)
        there = await asyncio.gather(*(_addresses(writer, machine) for machine in others))
        for vip in sorted(left - here, key=str):
            taker = next((machine for machine, held in zip(others, there, strict=True) if vip in held), None)
            if taker is not None:
                left.remove(vip)
                on_event(VipMoved(str(vip), source.machine.name, taker.name, round((time.monotonic_ns() - began) / 1e9, 3)))
        if left and time.monotonic_ns() > end:
            names = ", ".join(str(vip) for vip in sorted(left, key=str))
            hint = f"on the others: systemctl status haproxy {VRRP_DAEMON.unit}; do they hear each other (protocol 112)?"
            raise VerificationError(f"no other load balancer took {names} over", where=source.machine.name, hint=hint)
        await asyncio.sleep(PAUSE)


async def _addresses(writer: Writer, machine: Machine) -> frozenset[IPAddress]:
    """None for a host that cannot be asked: another one may have taken over."""
    try:
        return await read_addresses(writer, machine)
    except HostError:
        return frozenset()


async def wait_answers(topology: Topology, ca: str | None, deadline: float = ANSWER_DEADLINE) -> None:
    """Wait until /readyz answers through every virtual IP over verified TLS; nothing is asked where there is no authority yet.

    Raises:
        VerificationError: one does not answer in time.
    """
    if ca is None:
        return
    context, end, endpoint = tls_context(ca), time.monotonic_ns() + int(deadline * 1e9), topology.endpoint
    wanted = topology.cluster.anonymous_status
    for vip in endpoint.vips:
        while not (answer := await ask_readyz(str(vip.ip), endpoint.port, context, name=endpoint.name, wanted=wanted)).ready:
            if time.monotonic_ns() > end:
                raise VerificationError(f"the API does not answer through the virtual IP: {answer.detail}", where=str(vip.ip))
            await asyncio.sleep(PAUSE)


async def move_away(
    writer: Writer,
    topology: Topology,
    source: LoadBalancer,
    handover: HandoverMethod,
    ca: str | None,
    on_event: OnEvent,
    successor: Machine | None = None,
) -> None:
    """Move every virtual IP that `source` holds to another load balancer, and see it answer there. `source` stays in standby.

    Args:
        successor: one in standby because it and `source` do not hear each other; it is let in once `source` let go. Both
            at once would be shorter, but clients that asked for the address meanwhile could keep the wrong one for ten seconds.
            A daemon that somebody else set up is the exception: see `_take_from_foreign`.

    Raises:
        HostError, VerificationError: it did not work; `source` may hold virtual IPs again then.
    """
    held = await read_addresses(writer, source.machine)
    vips = [vip.ip for vip in topology.endpoint.vips if vip.ip in held]
    if handover == "stop":
        (await writer.change(source.machine, keep_connections())).checked()
    try:
        began = time.monotonic_ns()
        if successor is not None and handover == "stop":
            await _take_from_foreign(writer, source.machine, successor, vips)
        else:
            await enter_standby(writer, source.machine, handover)
            if successor is not None:
                await leave_standby(writer, successor)
        await wait_moved(writer, topology, source, vips, on_event, began)
        await wait_answers(topology, ca)
    except BaseException:
        if successor is not None and handover == "stop":
            await enter_standby(writer, successor)
        await all_leave_standby(writer, (source.machine,), handover)
        raise
    if handover == "stop":
        # Only now its process has surely ended: what starts next is ours.
        (await writer.change(source.machine, ("systemctl", "stop", VRRP_DAEMON.unit))).checked()


async def _take_from_foreign(writer: Writer, source: Machine, successor: Machine, vips: Sequence[IPAddress]) -> None:
    """Let `successor` take virtual IPs while `source` still has them, then stop the daemon on `source` at once.

    They do not hear each other, so `successor` would need three of its intervals to see that `source` is gone; as it takes the
    addresses it announces them (gratuitous ARP, unsolicited neighbour advertisements), and clients follow in that moment. For the
    tens of milliseconds in which both have them, a client that asks anew may learn the wrong one; the announcements are repeated
    a second later (vrrp_garp_master_delay).

    Raises:
        VerificationError: `successor` does not take them in time; `source` was not touched.
    """
    await leave_standby(writer, successor)
    end = time.monotonic_ns() + int(MOVE_DEADLINE * 1e9)
    while not set(vips) <= await read_addresses(writer, successor):
        if time.monotonic_ns() > end:
            unit = VRRP_DAEMON.unit
            hint = f"there: systemctl status haproxy {unit} twinkeel-liveness; journalctl -u {unit}"
            raise VerificationError("it does not take the virtual IP", where=successor.name, hint=hint)
        await asyncio.sleep(PAUSE)
    await enter_standby(writer, source, "stop")
