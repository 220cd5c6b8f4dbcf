"""Runs the programs on all load balancers at once, and keeps every line that they say."""

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Literal, cast

from twinkeel.drill.load import relax, saturate
from twinkeel.errors import HostError
from twinkeel.hosts.executor import Watcher, Writer
from twinkeel.hosts.host_program import PYTHON_HINT, host_program
from twinkeel.topology.model import Machine, Topology
from twinkeel.tune.recording import Header, Line, Router, routers_of
from twinkeel.vip.daemons import VRRP_DAEMON

EXCHANGE_PROBES = host_program("twinkeel.tune.host_programs.exchange_probes")
PERIOD = 0.01
"""Seconds between two packets: VRRPv3's own step, so that every interval is a multiple."""
MARK_BYTES = 12
Phase = Literal["as they are", "loaded"]
# For the start of a program on a busy host, and its last lines.
SPARE_SECONDS = 30.0


async def measure(hosts: Watcher, topology: Topology, header: Header, lines: list[Line], on_message: Callable[[str], None]) -> None:
    """Measure each phase; every line of every host is added to `lines` as it comes.

    Args:
        hosts: ones that can be changed (and are locked) when there is a phase with busy processors.

    Raises:
        HostError: a host cannot be reached, or its program ended early.
    """
    machines = [balancer.machine for balancer in topology.load_balancers]
    for phase in header.phases:
        on_message(f"{', '.join(machine.name for machine in machines)}: measuring for {header.seconds:g} s, {phase}")
        if phase == "loaded":
            async with _busy(cast(Writer, hosts), machines, header.seconds):
                await _phase(hosts, topology, phase, header.seconds, lines)
        else:
            await _phase(hosts, topology, phase, header.seconds, lines)


@contextlib.asynccontextmanager
async def _busy(hosts: Writer, machines: Sequence[Machine], seconds: float) -> AsyncIterator[None]:
    """Busy loops on every processor, which end by themselves when nobody is left to end them."""
    try:
        await asyncio.gather(*(saturate(hosts, machine, seconds + 2 * SPARE_SECONDS) for machine in machines))
        yield
    finally:
        await asyncio.gather(*(relax(hosts, machine) for machine in machines))


async def _phase(hosts: Watcher, topology: Topology, phase: str, seconds: float, lines: list[Line]) -> None:
    machines = [balancer.machine for balancer in topology.load_balancers]
    # Connections stand before the first begins, so that all measure at the same time.
    for result in await asyncio.gather(*(hosts.run(machine, ("python3", "--version")) for machine in machines)):
        result.checked(hint=PYTHON_HINT)
    mark = secrets.token_hex(MARK_BYTES)
    try:
        async with asyncio.TaskGroup() as group:
            for machine in machines:
                group.create_task(_listen(hosts, machine, _arguments(topology, machine, mark, seconds), phase, lines))
    except* HostError as group_of_them:
        first = group_of_them.exceptions[0]
    else:
        return
    raise first


def _arguments(topology: Topology, machine: Machine, mark: str, seconds: float) -> str:
    own: Sequence[Router] = [router for router in routers_of(topology) if router.host == machine.name]
    pairs = dict.fromkeys((router.source, peer) for router in own for peer in router.peers)
    return json.dumps({"pairs": list(pairs), "period": PERIOD, "seconds": seconds, "mark": mark, "daemon": VRRP_DAEMON.unit})


async def _listen(hosts: Watcher, machine: Machine, asked: str, phase: str, lines: list[Line]) -> None:
    """One host's lines until its program ended. Raises HostError when that was too early, or never."""
    ended = False
    seconds = json.loads(asked)["seconds"]
    try:
        async with (
            asyncio.timeout(seconds + SPARE_SECONDS),
            contextlib.aclosing(hosts.stream(machine, ("python3", "-c", EXCHANGE_PROBES, asked))) as output,
        ):
            async for text in output:
                line = json.loads(text)
                lines.append({"host": machine.name, "phase": phase, **line})
                ended = line["kind"] == "end"
    except TimeoutError:
        raise HostError("the measurement did not end", where=machine.name, hint="the host may be overloaded") from None
    except ValueError as error:
        raise HostError(f"the measurement answered something else: {text.strip()[:100]}", where=machine.name) from error
    if not ended:
        hint = "protocol 112 needs root and a raw socket: `twinkeel preflight` says what is wrong"
        raise HostError("the measurement ended early", where=machine.name, hint=hint)
