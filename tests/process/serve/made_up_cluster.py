"""Clusters that nobody runs, and a real page of them: what the hosts say is set by a test, all else is the real thing."""

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import uvicorn

from twinkeel.app.serve import _listen, _settings
from twinkeel.errors import HostError
from twinkeel.hosts.executor import CommandResult
from twinkeel.serve.access import Token
from twinkeel.serve.board import Board
from twinkeel.serve.cluster_watch import ClusterWatch, Pace
from twinkeel.serve.numbers import Numbers
from twinkeel.serve.subject import Subject
from twinkeel.serve.web import make_app
from twinkeel.spec.secrets import Secrets
from twinkeel.status.readyz import Readiness
from twinkeel.topology.model import Machine, Topology

STAT = "pxname,svname,status,check_status,check_code\n"
DEADLINE = 60.0
PERIOD_AT = 8
"""The place of the period in what a load balancer is asked (`read_command`)."""


def told(vips: dict[str, float], servers: dict[str, str], **more: Any) -> str:
    """What the program on a load balancer prints: virtual IPs with their ages, servers with HAProxy's words for them."""
    rows = "".join(f"kubernetes-api,{name},{status},,\n" for name, status in servers.items())
    state = {"addresses": list(vips), "ages": vips, "units": ["active", "active"], "down": "0", "standby": None, "lingering": None}
    return json.dumps({**state, "servers": STAT + rows, **more}) + "\n"


def told_announcer(vip: str, servers: dict[str, str], *, why: str = "serves", up: bool = True, **more: Any) -> str:
    """The same where the virtual IP is announced by BGP to one router."""
    peer = {"state": "Established" if up else "Active", "pfxSnt": int(up)}
    told_of_it = {"why": why, "until": None, "vips": [vip], "planned": False}
    words = {
        "units": ["active"] * 3,
        "announce": json.dumps(told_of_it),
        "bgp": json.dumps({"ipv4Unicast": {"peers": {"192.168.1.1": peer}}}),
        "bfd": json.dumps([{"peer": "192.168.1.1", "status": "up" if up else "down"}]),
    }
    return told({vip: 60.0} if why == "serves" else {}, servers, **{**words, **more})


@dataclass
class MadeUpHosts:
    """A Watcher. `says` has, for each load balancer, its line, or the error that asking it is; None for one that hangs."""

    topology: Topology
    says: dict[str, str | HostError | None] = field(default_factory=dict)
    news: dict[str, asyncio.Event] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        servers = dict.fromkeys((machine.name for machine in self.topology.control_plane), "UP")
        vips = {str(vip.ip): 273_600.0 for vip in self.topology.endpoint.vips}
        for number, balancer in enumerate(self.topology.load_balancers):
            self.says[balancer.machine.name] = told({} if number else vips, servers)

    async def run(self, machine: Machine, argv: Sequence[str], *, timeout: float = 20) -> CommandResult:
        self.asked.append(machine.name)
        return CommandResult(machine.name, tuple(argv), 0, await self._line(machine), "")

    async def read_file(self, machine: Machine, path: str) -> bytes:
        raise AssertionError(path)

    async def stream(self, machine: Machine, argv: Sequence[str]) -> AsyncGenerator[str, None]:
        news = self.news.setdefault(machine.name, asyncio.Event())
        while True:
            yield await self._line(machine)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(float(argv[PERIOD_AT])):
                    await news.wait()
            news.clear()

    async def _line(self, machine: Machine) -> str:
        said = self.says[machine.name]
        if said is None:
            await asyncio.Event().wait()
        if isinstance(said, HostError):
            raise said
        return str(said)


@dataclass
class MadeUpPage:
    """A page that is served on the loopback, of clusters that a test moves."""

    url: str
    hosts: list[MadeUpHosts]
    answers: dict[str, Readiness]
    board: Board
    loop: asyncio.AbstractEventLoop
    numbers: Numbers

    def say(self, cluster: int = 0, **lines: str | HostError | None) -> None:
        """Load balancers say something else from now on, and at once."""

        def change() -> None:
            for name, line in lines.items():
                self.hosts[cluster].says[name.replace("_", "-")] = line
            for event in self.hosts[cluster].news.values():
                event.set()

        self.loop.call_soon_threadsafe(change)

    def until(self, what: Callable[[], bool]) -> None:
        """Wait for something that must come."""
        end = time.monotonic() + DEADLINE
        while not what():
            assert time.monotonic() < end, "it did not come"
            time.sleep(0.02)


@contextmanager
def made_up_page(
    topologies: Sequence[Topology], *, token: Token | None = None, drills: Path | None = None, period: float = 0.2, drift: float = 0
) -> Iterator[MadeUpPage]:
    """Serve a page in a thread of its own while the body runs."""
    ready: list[MadeUpPage] = []
    started, trouble = threading.Event(), []
    ending = threading.Event()

    async def serve() -> None:
        answers: dict[str, Readiness] = {}
        board: Board
        hosts = [MadeUpHosts(topology) for topology in topologies]
        subjects = [Subject(number, topology, Secrets()) for number, topology in enumerate(topologies, start=1)]
        pace = Pace(period, drift)
        watches = [
            ClusterWatch(subject, each, pace, time.monotonic, lambda: board.stir())
            for subject, each in zip(subjects, hosts, strict=True)
        ]
        board = Board(watches, drills, time.monotonic)
        numbers = Numbers()
        numbers.watch(watches, time.monotonic)
        server: uvicorn.Server
        app = make_app(board, numbers, token, time.monotonic, lambda: server.should_exit)
        server = uvicorn.Server(_settings(app, None))
        listener = _listen("127.0.0.1", 0)

        async def ask(_: object, address: str, *__: object, **___: object) -> Readiness:
            await asyncio.sleep(0)
            return answers.get(address, Readiness("ready"))

        with (
            mock.patch("twinkeel.status.watcher.find_ca", mock.AsyncMock(return_value="authority")),
            mock.patch("twinkeel.status.watcher.tls_context"),
            mock.patch("twinkeel.status.watcher.readyz_client", return_value=mock.AsyncMock()),
            mock.patch("twinkeel.status.watcher.ask_over", ask),
        ):
            watching, serving = asyncio.create_task(board.run()), asyncio.create_task(server.serve(sockets=[listener]))
            while not server.started:
                await asyncio.sleep(0.01)
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
            ready.append(MadeUpPage(url, hosts, answers, board, asyncio.get_running_loop(), numbers))
            started.set()
            while not ending.is_set() and not watching.done():
                await asyncio.sleep(0.02)
            server.should_exit = True
            await serving
            if watching.done():
                watching.result()
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            trouble.append(error)
            started.set()

    thread = threading.Thread(target=run, name="page")
    thread.start()
    try:
        assert started.wait(DEADLINE)
        assert not trouble, trouble
        yield ready[0]
    finally:
        ending.set()
        thread.join(DEADLINE)
    assert not thread.is_alive(), "it did not end"
    assert not trouble, trouble
