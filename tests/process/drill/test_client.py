"""The client against a real server: it must measure a gap as it was, and never call its own death a success.

These tests bound a measured time by what the test itself saw of the server's absence, not by the machine's speed.
"""

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest

from twinkeel.drill.checker import Verdict, evaluate, served
from twinkeel.drill.history import EVENTS_FILE, MILLISECOND, REQUESTS_FILE, Event, HistoryWriter, Request, read_history
from twinkeel.drill.https import Connection, Target, error_class, verified_context
from twinkeel.drill.measure import Measurement
from twinkeel.drill.stage import BASELINE_SECONDS
from twinkeel.errors import ToolError

from .conftest import NAME, Server

DEADLINE = 100.0


def target_of(server: Server, name: str = NAME) -> Target:
    return Target("127.0.0.1", server.port, name, server.certificate)


async def service(measurement: Measurement, seconds: float, since: int = 0) -> None:
    async with asyncio.timeout(DEADLINE):
        while measurement.served_for(since) < seconds:
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def a_trial(server: Server, folder: Path, budget: float) -> AsyncIterator[Measurement]:
    """A client with a baseline; what is done inside is the fault; it ends after 2.2 s of service."""
    with HistoryWriter(folder / EVENTS_FILE) as events:
        events.append(Event("trial", time.monotonic_ns(), {"budget_ms": budget}))
        async with Measurement(target_of(server), folder) as measurement:
            await service(measurement, BASELINE_SECONDS)
            fault = time.monotonic_ns()
            events.append(Event("fault", fault))
            yield measurement
            events.append(Event("injected", time.monotonic_ns()))
            await service(measurement, 2.1, since=time.monotonic_ns())
        events.append(Event("trace", time.monotonic_ns(), {"changed": True}))
        events.append(Event("healthy", time.monotonic_ns()))


async def port_state(port: int, *, open_: bool) -> int:
    """When the port was first seen in that state."""
    async with asyncio.timeout(DEADLINE):
        while True:
            now = time.monotonic_ns()
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            # A listener that closes resets what still waits in its backlog: closed is closed.
            except (ConnectionRefusedError, ConnectionResetError):
                state = False
            else:
                writer.close()
                state = True
            if state == open_:
                return now
            await asyncio.sleep(0.001)


def run_trial_with_outage(server: Server, folder: Path, outage: float) -> tuple[Verdict, int, int]:
    """The verdict, and the first and the last moment at which the port was closed for certain."""
    closed = last = 0

    async def trial() -> None:
        nonlocal closed, last
        async with a_trial(server, folder, budget=100):
            server.close()
            await port_state(server.port, open_=False)
            closed = time.monotonic_ns()
            await asyncio.sleep(outage)
            last = time.monotonic_ns()
            server.open()
            await port_state(server.port, open_=True)

    asyncio.run(trial())
    return evaluate(read_history(folder)), closed, last


def test_an_outage_is_measured_as_long_as_it_was(server: Server, tmp_path: Path) -> None:
    """Compared with what the client recorded before and after the time when nothing can have been served."""
    verdict, closed, last = run_trial_with_outage(server, tmp_path, 0.4)
    asked = [request for request in read_history(tmp_path).requests if request.stream == "new"]
    within = [request for request in asked if closed < request.start < last]
    assert within
    assert all(request.error for request in within)
    assert verdict.failed >= len(within)
    good = sorted(request.start for request in asked if served(request))
    gap = min(start for start in good if start >= last) - max(start for start in good if start <= closed)
    widest = max(two - one for one, two in pairwise(good))
    # Another gap can be longer on a busy machine; a shorter one is never taken for the outage.
    assert gap / MILLISECOND - 10.1 <= verdict.downtime_ms <= widest / MILLISECOND, verdict
    assert "downtime is over the budget of 100 ms" in verdict.reasons
    assert verdict.reconnect_ms is not None
    assert verdict.reconnect_ms > 0
    assert {request.error for request in asked} <= {"", "refused", "reset", "closed", "tls", "timeout"}


def client_pid(folder: Path) -> int:
    """The client of this test, by the history file in its arguments."""
    wanted = str(folder / REQUESTS_FILE).encode()
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and wanted in (entry / "cmdline").read_bytes().split(b"\0"):
                return int(entry.name)
    raise AssertionError("the client is not running")


def test_a_client_that_was_held_up_says_so(server: Server, tmp_path: Path) -> None:
    """The checker makes `unknown` of such a gap; here the gap must come from few starts and none of them failed."""

    async def trial() -> None:
        async with Measurement(target_of(server), tmp_path) as measurement:
            await service(measurement, 0.3)
            pid = client_pid(tmp_path)
            os.kill(pid, signal.SIGSTOP)
            await asyncio.sleep(0.6)
            os.kill(pid, signal.SIGCONT)
            await service(measurement, 0.3)

    asyncio.run(trial())
    requests = recorded(tmp_path)
    new = sorted(request.start for request in requests if request.stream == "new")
    assert max(two - one for one, two in pairwise(new)) >= 600 * MILLISECOND
    assert max(request.late for request in requests) >= 500 * MILLISECOND
    assert {request.stream for request in requests} >= {"new", "kept"}


def test_new_connections_are_as_far_apart_as_was_asked_for(server: Server, tmp_path: Path) -> None:
    async def trial() -> None:
        async with Measurement(target_of(server), tmp_path, period=40 * MILLISECOND) as measurement:
            await service(measurement, 0.5)

    asyncio.run(trial())
    starts = sorted(request.start for request in recorded(tmp_path) if request.stream == "new")
    assert min(two - one for one, two in pairwise(starts)) >= 20 * MILLISECOND


def test_a_client_that_was_killed_is_noticed_and_unknown(server: Server, tmp_path: Path) -> None:
    async def trial() -> None:
        async with Measurement(target_of(server), tmp_path) as measurement:
            await service(measurement, 0.5)
            os.kill(client_pid(tmp_path), signal.SIGKILL)
            async with asyncio.timeout(DEADLINE):
                while True:
                    measurement.served_for()
                    await asyncio.sleep(0.02)

    with pytest.raises(ToolError, match="client stopped"):
        asyncio.run(trial())
    assert len(recorded(tmp_path)) >= 5
    assert "the client stopped before it was asked to" in read_history(tmp_path).flaws


def test_a_request_that_hangs_does_not_delay_the_next(certificate: Path, tmp_path: Path) -> None:
    """A port that accepts and never answers: a request starts every 10 ms all the same, and each ends as a timeout."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as hole:

        async def measure() -> None:
            async with Measurement(Target("127.0.0.1", hole.getsockname()[1], NAME, certificate), tmp_path) as measurement:
                async with asyncio.timeout(DEADLINE):
                    while not measurement.last_error:
                        assert measurement.served_for() == 0
                        await asyncio.sleep(0.02)

        asyncio.run(measure())
    new = [request for request in recorded(tmp_path) if request.stream == "new"]
    assert {request.error for request in new} == {"timeout"}
    assert sum(request.start < new[0].end for request in new) >= 10


def ask(target: Target) -> str:
    async def once() -> str:
        try:
            async with Connection.open(target, verified_context(target.ca_file)) as connection:
                await connection.get()
        except (OSError, EOFError, ValueError) as error:
            return error_class(error)
        return ""

    return asyncio.run(once())


def test_a_wrong_name_is_an_error_of_the_certificate(server: Server) -> None:
    assert ask(target_of(server)) == ""
    assert ask(target_of(server, "lb.example.org")) == "certificate"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "http-503"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", "closed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "not-http"),
        (b"rubbish\r\n\r\n", "not-http"),
        (b"", "closed"),
    ],
)
def test_each_bad_answer_has_its_class(answer: bytes, error: str) -> None:
    async def exchange() -> str:
        async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            writer.close()

        listener = await asyncio.start_server(reply, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await Connection(Target("127.0.0.1", port, NAME, Path("/")), reader, writer).get()
        except (OSError, EOFError, ValueError) as failure:
            return error_class(failure)
        finally:
            writer.close()
            listener.close()
        return ""

    assert asyncio.run(exchange()) == error


def test_every_request_has_its_own_handshake(server: Server) -> None:
    """No session is resumed, although the server offers tickets."""

    async def twice() -> list[bool]:
        context = verified_context(server.certificate)
        reused = []
        for _ in range(2):
            async with Connection.open(target_of(server), context) as connection:
                await connection.get()
                reused.append(connection.resumed)
        return reused

    assert asyncio.run(twice()) == [False, False]


def recorded(folder: Path) -> tuple[Request, ...]:
    """What a client recorded in a trial that has no runner."""
    (folder / EVENTS_FILE).touch()
    return read_history(folder).requests
