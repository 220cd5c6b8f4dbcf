"""The state of one cluster again and again: connections are kept, and what is slow holds up nobody but itself.

Each load balancer, API server and virtual IP is followed by a task of its own, so that a host that hangs is shown as such while the
rest goes on. A load balancer runs one program that prints a line every period; an API server is asked over one connection; through
a virtual IP every question is a new connection, because a kept one would go on to whoever held the address before.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from typing import Protocol

import httpx2

from twinkeel.errors import HostError
from twinkeel.hosts.executor import Watcher
from twinkeel.status.claims import Claims
from twinkeel.status.load_balancer import read_balancer, read_command, state_of, unreachable
from twinkeel.status.probe import NO_CA, assemble, find_ca
from twinkeel.status.readyz import Readiness, ask_over, readyz_client, tls_context
from twinkeel.status.snapshot import LoadBalancerState, Snapshot
from twinkeel.topology.model import LoadBalancer, Topology

PERIOD = 1.0
LATE_AFTER = 3.0
"""Seconds without an answer after which a host is shown as one that does not answer; it is waited for all the same."""
AUTHORITY_PERIOD = 60.0
"""An authority that is there is read again only when a certificate does not verify, and this many seconds later at the earliest."""
LAST_WAIT = 1.0
OFTEN, OFTEN_FOR = 0.1, 5.0
NOTICED = 0.25
"""A virtual IP that has just moved is asked every OFTEN seconds, for OFTEN_FOR. What is answered within NOTICED was served."""

NOT_YET = "has not answered yet"
NO_ANSWER = f"no answer for {LATE_AFTER:g} s"


class Listener(Protocol):
    """Somebody who is told of every answer as it comes, also where it is the same as before. It must be quick."""

    def on_balancer(self, state: LoadBalancerState) -> None:
        """A load balancer answered, or did not in time."""
        ...

    def on_api_answer(self, address: str, answer: Readiness, began: float) -> None:
        """A virtual IP or an API server answered, or did not in time, what was asked at `began` (seconds of the loop's clock)."""
        ...


class StatusWatcher:
    """Follows one cluster, inside `watch_status`. `snapshot` is what is known now; `changes` waits for the next that differs.

    Args:
        hosts: they reach the hosts; their owner closes them after the watcher.
        period: seconds between two looks at each part.
        listener: who is told of every answer.
    """

    def __init__(self, hosts: Watcher, topology: Topology, period: float = PERIOD, listener: Listener | None = None) -> None:
        self.topology = topology
        self._listener = listener
        self._moved: dict[str, asyncio.Event] = {}
        self._often_until: dict[str, float] = {}
        self._hosts, self._period = hosts, period
        self._balancers: list[LoadBalancerState | None] = [None] * len(topology.load_balancers)
        self._claims = Claims()
        self._vips: list[Readiness | None] = [None] * len(topology.endpoint.vips)
        self._api_servers: list[Readiness | None] = [None] * len(topology.control_plane)
        self._clients: list[httpx2.AsyncClient] = []
        self._doubt, self._reported, self._has_client = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def snapshot(self) -> Snapshot:
        """What is known now. A part that has not answered yet is one that cannot be asked. Raises the defect that ended a task."""
        for task in self._tasks:
            if task.done() and not task.cancelled():
                task.result()
        waiting = Readiness("not known", NOT_YET)
        balancers = zip(self.topology.load_balancers, self._balancers, strict=True)
        return assemble(
            self.topology,
            [self._claims.counted(known or unreachable(each, NOT_YET)) for each, known in balancers],
            [answer or waiting for answer in self._vips],
            [answer or waiting for answer in self._api_servers],
        )

    async def first(self) -> Snapshot:
        """The first snapshot in which every part has answered, or has had its time to."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LATE_AFTER):
                while None in (*self._balancers, *self._vips, *self._api_servers):
                    await self._next()
        return self.snapshot

    async def changes(self) -> AsyncGenerator[Snapshot, None]:
        """The first snapshot, then each that differs from the one before, as soon as it does."""
        last = await self.first()
        yield last
        while True:
            await self._next()
            if (snapshot := self.snapshot) != last:
                last = snapshot
                yield last

    def ask_often(self, address: str) -> None:
        """The virtual IP has just moved: a question on its way there is dropped, and the next ones come quickly for a while."""
        self._often_until[address] = asyncio.get_running_loop().time() + OFTEN_FOR
        self._moved.setdefault(address, asyncio.Event()).set()

    async def start(self) -> None:
        """Begin to follow. `watch_status` does this."""
        topology = self.topology
        work: list[Coroutine[None, None, None]] = [self._follow_authority()]
        work += [self._follow_balancer(place, each) for place, each in enumerate(topology.load_balancers)]
        for place, vip in enumerate(topology.endpoint.vips):
            work.append(self._follow_api(self._vips, place, str(vip.ip), topology.endpoint.port, once=True))
        for place, machine in enumerate(topology.control_plane):
            work.append(self._follow_api(self._api_servers, place, str(machine.address), topology.cluster.api_port, once=False))
        self._tasks = [asyncio.create_task(each) for each in work]
        for task in self._tasks:
            task.add_done_callback(lambda _: self._reported.set())

    async def stop(self) -> None:
        """End; a host that does not answer is not waited for. `watch_status` does this."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=LAST_WAIT)
        for client in self._clients:
            await client.aclose()

    async def _next(self) -> None:
        await self._reported.wait()
        self._reported.clear()

    async def _follow_balancer(self, place: int, balancer: LoadBalancer) -> None:
        def report(state: LoadBalancerState) -> None:
            self._balancers[place] = state
            self._claims.hear(state, time.monotonic())
            if self._listener is not None:
                self._listener.on_balancer(state)
            self._reported.set()

        def late() -> None:
            report(unreachable(balancer, NO_ANSWER))

        while True:
            # The first look tells a refusal in its own words; a program that is followed only ends.
            with _late(late):
                state = await read_balancer(self._hosts, self.topology, balancer)
            report(state)
            if state.vrrp_state != "UNREACHABLE":
                await self._follow_lines(balancer, report, late)
            await asyncio.sleep(self._period)

    async def _follow_lines(
        self, balancer: LoadBalancer, report: Callable[[LoadBalancerState], None], late: Callable[[], None]
    ) -> None:
        """Tell each line's state until the host is lost, or the program there ends."""
        with suppress(HostError), _late(late, self._period) as again:
            async with aclosing(self._hosts.stream(balancer.machine, read_command(self.topology, self._period))) as lines:
                async for line in lines:
                    report(state_of(line, balancer))
                    again()

    async def _follow_api(self, answers: list[Readiness | None], place: int, address: str, port: int, *, once: bool) -> None:
        loop, moved = asyncio.get_running_loop(), self._moved.setdefault(address, asyncio.Event())
        began = loop.time()

        def report(answer: Readiness) -> None:
            answers[place] = answer
            if self._listener is not None:
                self._listener.on_api_answer(address, answer, began)
            self._reported.set()

        wanted = self.topology.cluster.anonymous_status
        await self._has_client.wait()
        while True:
            moved.clear()
            began = loop.time()
            with _late(lambda: report(Readiness("unreachable", NO_ANSWER))):
                answer = await _unless(moved, ask_over(self._clients[-1], address, port, wanted=wanted, once=once))
            if answer is not None:
                report(answer)
            elif loop.time() - began > NOTICED:
                # It went to a host that has just lost the virtual IP, and would be waited for in vain.
                report(Readiness("unreachable", "no answer while the virtual IP moved"))
            if answer is not None and answer.outcome == "not verified":
                self._doubt.set()
            with suppress(TimeoutError):
                often = loop.time() < self._often_until.get(address, 0.0)
                async with asyncio.timeout(min(OFTEN, self._period) if often else self._period):
                    await moved.wait()

    def _tell_of_no_authority(self) -> None:
        if self._listener is not None:
            topology, now = self.topology, asyncio.get_running_loop().time()
            for address in (*(vip.ip for vip in topology.endpoint.vips), *(machine.address for machine in topology.control_plane)):
                self._listener.on_api_answer(str(address), NO_CA, now)

    async def _follow_authority(self) -> None:
        """Read the cluster's authority until it is there; then again only when there is a reason."""
        authority = ""
        while True:
            self._doubt.clear()
            found = await find_ca(self._hosts, self.topology)
            if found and found != authority:
                with suppress(ssl.SSLError):
                    # The one before may be in use still.
                    self._clients.append(readyz_client(tls_context(found)))
                    authority = found
                    self._has_client.set()
            if not self._clients:
                self._vips[:], self._api_servers[:] = [NO_CA] * len(self._vips), [NO_CA] * len(self._api_servers)
                self._tell_of_no_authority()
                self._reported.set()
                await asyncio.sleep(max(self._period, LATE_AFTER))
            else:
                await asyncio.sleep(AUTHORITY_PERIOD)
                await self._doubt.wait()


async def _unless(event: asyncio.Event, asking: Coroutine[None, None, Readiness]) -> Readiness | None:
    """The answer; None when the event came before it."""
    question, waiting = asyncio.ensure_future(asking), asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait((question, waiting), return_when=asyncio.FIRST_COMPLETED)
        return question.result() if question.done() else None
    finally:
        question.cancel()
        waiting.cancel()


@contextmanager
def _late(late: Callable[[], None], more: float = 0) -> Iterator[Callable[[], None]]:
    """Call `late` when the body takes too long, and does not call what it is given in time; it is waited for all the same."""
    loop = asyncio.get_running_loop()
    timer = loop.call_later(LATE_AFTER + more, late)

    def again() -> None:
        nonlocal timer
        timer.cancel()
        timer = loop.call_later(LATE_AFTER + more, late)

    try:
        yield again
    finally:
        timer.cancel()


@asynccontextmanager
async def watch_status(
    hosts: Watcher, topology: Topology, period: float = PERIOD, listener: Listener | None = None
) -> AsyncIterator[StatusWatcher]:
    """A watcher that follows the cluster while the body runs."""
    watcher = StatusWatcher(hosts, topology, period, listener)
    await watcher.start()
    try:
        yield watcher
    finally:
        await watcher.stop()
