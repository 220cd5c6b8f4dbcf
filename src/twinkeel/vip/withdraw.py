"""A load balancer withdraws the virtual IPs while others announce them, and announces them again."""

import asyncio
import time
from collections.abc import Sequence

from twinkeel.errors import HostError, VerificationError
from twinkeel.hosts.executor import Reader, Writer
from twinkeel.status.announcer import read_planned
from twinkeel.status.bgp_sessions import heard_for, read_sessions
from twinkeel.status.holders import read_addresses
from twinkeel.support.events import Notice, OnEvent
from twinkeel.topology.model import LoadBalancer, Topology
from twinkeel.vip.handover import PAUSE, wait_answers
from twinkeel.vip.standby import all_leave_standby, enter_standby, leave_standby

WITHDRAW_DEADLINE = 10.0
RETURN_DEADLINE = 40.0
"""Seconds. FRR was started anew, and a router may wait a while before it takes a new session."""

HINT = "there: systemctl status haproxy frr twinkeel-announce; vtysh -c 'show bgp summary'; cat /run/twinkeel/announce.json"


async def announces(reader: Reader, topology: Topology, balancer: LoadBalancer) -> bool:
    """Whether routers hear of every virtual IP from it; False for one that cannot be asked."""
    try:
        return await _why_not(reader, topology, balancer) is None
    except HostError:
        return False


async def _why_not(reader: Reader, topology: Topology, balancer: LoadBalancer) -> str | None:
    machine = balancer.machine
    addresses, sessions = await asyncio.gather(read_addresses(reader, machine), read_sessions(reader, machine))
    missing = [str(vip.ip) for vip in topology.endpoint.vips if vip.ip not in addresses]
    if missing:
        return f"it does not announce {', '.join(missing)}"
    if not heard_for(sessions, topology.endpoint.ip_versions):
        shown = ", ".join(f"{each.router} {each.state}" for each in sessions) or "FRR reports none"
        return f"no router hears of it (sessions: {shown})"
    return None


async def require_others(reader: Reader, topology: Topology, leaving: Sequence[LoadBalancer]) -> None:
    """See that somebody else announces.

    Raises:
        VerificationError: nobody does; nothing was withdrawn.
    """
    others = [each for each in topology.load_balancers if each not in leaving]
    if not any(await asyncio.gather(*(announces(reader, topology, each) for each in others))):
        names = " and ".join(each.machine.name for each in leaving)
        what = "no other load balancer announces the virtual IPs to a router: this one must not withdraw them"
        raise VerificationError(what, where=names, hint="`twinkeel status` shows what is wrong with each")


async def withdraw_vips(writer: Writer, topology: Topology, balancer: LoadBalancer, ca: str | None, on_event: OnEvent) -> None:
    """Let a load balancer withdraw, and see the API answer through the others. It stays in standby.

    Raises:
        VerificationError: nobody else announces, it does not withdraw, or the API does not answer; it may announce again then.
    """
    await require_others(writer, topology, [balancer])
    machine, began = balancer.machine, time.monotonic()
    try:
        await enter_standby(writer, machine)
        await _wait_withdrawn(writer, topology, balancer, began)
        await wait_answers(topology, ca)
    except BaseException:
        await all_leave_standby(writer, (machine,))
        raise
    on_event(Notice(f"{machine.name} withdrew the virtual IPs within {time.monotonic() - began:.1f} s."))


async def _wait_withdrawn(reader: Reader, topology: Topology, balancer: LoadBalancer, began: float) -> None:
    vips = {vip.ip for vip in topology.endpoint.vips}
    while left := vips & await read_addresses(reader, balancer.machine):
        if time.monotonic() - began > WITHDRAW_DEADLINE:
            still_held = ", ".join(sorted(map(str, left)))
            raise VerificationError(f"it does not withdraw {still_held}", where=balancer.machine.name, hint=HINT)
        await asyncio.sleep(PAUSE)


async def announce_vips(writer: Writer, topology: Topology, balancer: LoadBalancer, deadline: float = RETURN_DEADLINE) -> None:
    """Let a load balancer announce again at once, and wait until routers hear of it.

    Raises:
        HostError: it cannot be told.
        VerificationError: routers do not hear of it in time.
    """
    machine, end = balancer.machine, time.monotonic() + deadline
    await leave_standby(writer, machine)
    while (problem := await _why_not(writer, topology, balancer)) is not None:
        if time.monotonic() > end:
            raise VerificationError(problem, where=machine.name, hint=HINT)
        await asyncio.sleep(PAUSE * 10)


async def announce_vips_at_once(writer: Writer, topology: Topology, balancer: LoadBalancer) -> None:
    """The same for one that may wait after a failure: what was in standby and may announce again does so at once.

    Raises:
        HostError, VerificationError: see `announce_vips`.
    """
    if not await announces(writer, topology, balancer):
        await enter_standby(writer, balancer.machine)
        await _wait_seen(writer, balancer)
        await announce_vips(writer, topology, balancer)


async def _wait_seen(reader: Reader, balancer: LoadBalancer) -> None:
    """Until its program knows that it is in standby: it may be asking whether somebody serves."""
    end = time.monotonic() + WITHDRAW_DEADLINE
    while not await read_planned(reader, balancer.machine):
        if time.monotonic() > end:
            what = "it does not see that it shall enter standby"
            raise VerificationError(what, where=balancer.machine.name, hint=HINT)
        await asyncio.sleep(PAUSE * 10)
