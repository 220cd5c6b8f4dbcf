"""Take an API server out of rotation on every load balancer, and back in; verified through the virtual IP."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from twinkeel.errors import HostError, TwinkeelError, UsageError, VerificationError
from twinkeel.hosts.cluster_ca import fetch_cluster_ca
from twinkeel.hosts.executor import Writer
from twinkeel.rotation.rotation import Rotation, State, read_rotation, set_rotation
from twinkeel.support.events import Notice, OnEvent, StepDetail, StepEnded, StepStarted
from twinkeel.topology.model import Machine, Topology
from twinkeel.vip.verify_endpoint import verify_endpoint

PAUSE = 0.25
VERIFY_DEADLINE = 10.0
# HAProxy needs some checks to call a server up; an API server that has just been started needs longer.
UP_DEADLINE = 60.0

Seen = Mapping[str, Mapping[str, Rotation]]
"""By load balancer, then by API server."""


@dataclass(frozen=True)
class RotationResult:
    """What came out. `draining`: no new connections, but `connections` old ones are left. `drained`: none are."""

    node: str
    state: Literal["drained", "draining", "ready"]
    connections: int
    load_balancers: tuple[str, ...]
    seconds: float


async def drain(
    topology: Topology,
    hosts: Writer,
    node: Machine,
    *,
    timeout: float,
    force: bool,
    on_event: OnEvent,
) -> RotationResult:
    """No new connections for `node` on any load balancer; then wait for the old ones to end, and stop its health checks.

    The caller holds the cluster's lock.

    Args:
        timeout: seconds to wait for connections; those that are left stay, unless `force`.
        force: end what is left after `timeout`, and leave fewer than half of the API servers in rotation if need be.

    Raises:
        UsageError: no API server, or fewer than half, would be left.
        HostError: a load balancer cannot be reached or refuses; every one is as it was before.
        VerificationError: the API does not answer through the virtual IP; every load balancer is as it was before.
    """
    rotation = _Rotation(topology, hosts, node, on_event)
    async with rotation.step("Ask the load balancers"):
        before = await rotation.read_servers()
        is_drained = all(servers[node.name].state == servers[node.name].kept == "maint" for servers in before.values())
        if not is_drained:
            _refuse_to_leave_too_few(before, node, force=force)
        rotation.detail = "it is drained already" if is_drained else f"{_in_use(before, node)} connections to {node.name}"
    if not is_drained:
        async with rotation.step(f"Send {node.name} no new connections"):
            await rotation.set_everywhere("drain", before)
            rotation.detail = f"on {', '.join(before)}"
        async with rotation.step("Verify through the virtual IP"):
            await rotation.verify_or_undo(before)
        left = await rotation.empty(timeout, force=force)
        if left:
            return rotation.result("draining", left)
        async with rotation.step("Stop its health checks"):
            await rotation.set_everywhere("maint", before)
            await rotation.verify_or_undo(before)
    return rotation.result("drained", 0)


async def undrain(topology: Topology, hosts: Writer, node: Machine, *, timeout: float, on_event: OnEvent) -> RotationResult:
    """`node` gets connections again on every load balancer, as soon as its health checks pass there.

    The caller holds the cluster's lock.

    Args:
        timeout: seconds to wait for the health checks.

    Raises:
        HostError: a load balancer cannot be reached or refuses; every one is as it was before.
        VerificationError: the health checks do not pass in time (HAProxy sends clients there once they do), or the API does
            not answer through the virtual IP.
    """
    rotation = _Rotation(topology, hosts, node, on_event)
    async with rotation.step("Ask the load balancers"):
        before = await rotation.read_servers()
    async with rotation.step(f"Put {node.name} back into rotation"):
        await rotation.set_everywhere("ready", before)
        rotation.detail = f"on {', '.join(before)}"
    async with rotation.step("Wait for its health checks"):
        await rotation.wait_until_up(timeout)
    async with rotation.step("Verify through the virtual IP"):
        await rotation.verify()
    return rotation.result("ready", 0)


class _Rotation:
    """One drain or undrain as it goes on."""

    def __init__(self, topology: Topology, hosts: Writer, node: Machine, on_event: OnEvent) -> None:
        self._topology, self._hosts, self._node, self._on_event = topology, hosts, node, on_event
        self._balancers = {balancer.machine.name: balancer.machine for balancer in topology.load_balancers}
        self._began = time.monotonic_ns()
        self.detail = ""

    @asynccontextmanager
    async def step(self, title: str) -> AsyncIterator[None]:
        began, self.detail = time.monotonic_ns(), ""
        self._on_event(StepStarted(title))
        yield
        self._on_event(StepEnded(title, self.detail, (time.monotonic_ns() - began) / 1e9))

    async def empty(self, timeout: float, *, force: bool) -> int:
        async with self.step("Wait for its connections to end"):
            left = await self._wait_for_connections(timeout)
            if left and force:
                left = await self._end_connections()
            self.detail = f"{left} left" if left else "none left"
        return left

    def result(self, state: Literal["drained", "draining", "ready"], left: int) -> RotationResult:
        return RotationResult(self._node.name, state, left, tuple(self._balancers), (time.monotonic_ns() - self._began) / 1e9)

    async def read_servers(self) -> Seen:
        seen = await asyncio.gather(*(read_rotation(self._hosts, self._topology, machine) for machine in self._balancers.values()))
        by_name = dict(zip(self._balancers, seen, strict=True))
        for name, servers in by_name.items():
            if self._node.name not in servers:
                hint = "`twinkeel apply` brings it to the spec; then try again"
                raise HostError(f"HAProxy does not know {self._node.name}", where=name, hint=hint)
        return by_name

    async def set_everywhere(self, state: State, before: Seen) -> None:
        """All load balancers, or none: the first that refuses puts those back that were changed."""
        for machine in self._balancers.values():
            try:
                await set_rotation(self._hosts, self._topology, machine, {self._node.name: state})
            except (TwinkeelError, asyncio.CancelledError):
                await self._undo(before)
                raise

    async def _undo(self, before: Seen) -> None:
        for name, machine in self._balancers.items():
            old = before[name][self._node.name].state
            try:
                await set_rotation(self._hosts, self._topology, machine, {self._node.name: old})
            except TwinkeelError as error:
                # The first error is the one to report; what could not be put back is told beside it.
                self._on_event(Notice(f"{name} could not be put back to `{old}`: {error.what}"))

    async def verify(self) -> None:
        ca = await fetch_cluster_ca(self._hosts, self._topology.control_plane)
        holder = await verify_endpoint(self._hosts, self._topology, ca, deadline=VERIFY_DEADLINE)
        self.detail = f"virtual IP on {holder}" + (", /readyz answers" if ca is not None else ", no cluster to ask yet")

    async def verify_or_undo(self, before: Seen) -> None:
        try:
            await self.verify()
        except (TwinkeelError, asyncio.CancelledError):
            await self._undo(before)
            raise

    async def _wait_for_connections(self, timeout: float) -> int:
        end = time.monotonic_ns() + int(timeout * 1e9)
        while True:
            left = _in_use(await self.read_servers(), self._node)
            if left == 0 or time.monotonic_ns() >= end:
                return left
            self._on_event(StepDetail(f"{left} connections, {(end - time.monotonic_ns()) / 1e9:.0f} s left"))
            await asyncio.sleep(PAUSE)

    async def _end_connections(self) -> int:
        for machine in self._balancers.values():
            await set_rotation(self._hosts, self._topology, machine, {self._node.name: "drain"}, end_sessions=[self._node.name])
        return await self._wait_for_connections(VERIFY_DEADLINE)

    async def wait_until_up(self, timeout: float) -> None:
        end = time.monotonic_ns() + int(timeout * 1e9)
        while True:
            seen = await self.read_servers()
            down = {name: servers[self._node.name].health for name, servers in seen.items() if not servers[self._node.name].up}
            if not down:
                self.detail = "they pass"
                return
            states = ", ".join(f"{health} on {name}" for name, health in down.items())
            if time.monotonic_ns() >= end:
                what = f"{self._node.name} is back in rotation, but its health checks do not pass within {timeout:g} s: {states}"
                hint = "HAProxy sends clients there as soon as they pass; is the API server up? `twinkeel status` shows it"
                raise VerificationError(what, where=self._node.name, hint=hint)
            self._on_event(StepDetail(states))
            await asyncio.sleep(PAUSE)


def _in_use(seen: Seen, node: Machine) -> int:
    return sum(servers[node.name].in_use for servers in seen.values())


def _refuse_to_leave_too_few(seen: Seen, node: Machine, *, force: bool) -> None:
    """At least one API server must be left on every load balancer; without `force`, half of all of them."""
    for name, servers in seen.items():
        left = [server for server, rotation in servers.items() if server != node.name and rotation.up]
        if not left:
            hint = "put another API server back first: `twinkeel status` shows what is wrong with each"
            raise UsageError(f"without {node.name} no API server would be up", where=name, hint=hint)
        if not force and servers[node.name].up and 2 * len(left) < len(servers):
            what = f"without {node.name} only {len(left)} of {len(servers)} API servers would be up: {', '.join(left)}"
            raise UsageError(what, where=name, hint="put another one back first, or use --force")
