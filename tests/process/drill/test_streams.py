"""Every stream of the client against a server that speaks HTTP/2 and HTTP/1.1, and is broken in the ways that servers break."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from twinkeel.drill.access import Access
from twinkeel.drill.history import EVENTS_FILE, REQUESTS_FILE, Event, History, HistoryWriter, read_history
from twinkeel.drill.https import Target
from twinkeel.drill.measure import Measurement
from twinkeel.drill.stream_results import StreamResult, stream_results
from twinkeel.drill.streams import KINDS

from .conftest import NAME, Server

DEADLINE = 60.0
KEPT = ("kept", "upload", "download", "h2-read", "h2-upload", "h2-download")
HTTP2 = ("h2-read", "h2-upload", "h2-download")
NAMESPACE = "/api/v1/namespaces/kube-system"


@dataclass(frozen=True)
class Api:
    process: subprocess.Popen[str]
    target: Target

    def does(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()


@pytest.fixture
def api(certificate: Path, request: pytest.FixtureRequest) -> Iterator[Api]:
    """It knows the holder of its own certificate, and nobody else."""
    argv = [sys.executable, str(Path(__file__).with_name("http2_server.py")), str(certificate), str(certificate)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Api(process, Target("127.0.0.1", int(process.stdout.readline()), NAME, certificate, NAMESPACE, known=True))
        finally:
            process.kill()


def count(folder: Path, streams: tuple[str, ...]) -> Callable[[], int]:
    """How many good answers the stream with the fewest has had."""

    def fewest() -> int:
        asked = read_history(folder).requests
        return min(sum(each.stream == name and not each.error for each in asked) for name in streams)

    return fewest


async def until(state: Callable[[], bool], client: Measurement) -> None:
    async with asyncio.timeout(DEADLINE):
        while not state():
            client.require_running()
            await asyncio.sleep(0.05)


def a_trial(api: Api, folder: Path, *words: str, streams: tuple[str, ...] = KEPT, lasts: float = 0.0) -> dict[str, StreamResult]:
    """Every stream answered, then the words, then every stream answered again."""
    access = Access(api.target.ca_file.read_bytes(), "", "")

    async def trial() -> None:
        with HistoryWriter(folder / EVENTS_FILE) as events:
            async with Measurement(api.target, folder, access, streams) as client:
                answered = count(folder, streams)
                await until(lambda: answered() >= 1, client)
                events.append(Event("fault", time.monotonic_ns()))
                for word in words:
                    api.does(word)
                    await asyncio.sleep(lasts)
                before = answered()
                await until(lambda: answered() >= before + 2, client)

    asyncio.run(trial())
    return results(read_history(folder))


def results(history: History) -> dict[str, StreamResult]:
    assert history.flaws == ()
    return {each.kind.name: each for each in stream_results(history)}


def totals(found: dict[str, StreamResult]) -> tuple[int, int]:
    """Failed requests, and connections that ended, of all streams but new connections."""
    kept = [each for each in found.values() if each.kind.name != "new"]
    assert all(each.requests for each in kept), found
    return sum(each.failed or 0 for each in kept), sum(each.connections_lost or 0 for each in kept)


def test_all_are_served_where_nothing_breaks(api: Api, tmp_path: Path) -> None:
    found = a_trial(api, tmp_path)
    assert totals(found) == (0, 0)
    assert all(each.served_again and each.reason == "" for each in found.values())
    probe = read_history(tmp_path).probe
    assert probe is not None
    assert probe.identity == "client certificate"
    assert probe.target.endswith(NAMESPACE)


def test_no_credentials_are_written_anywhere(api: Api, tmp_path: Path) -> None:
    a_trial(api, tmp_path, streams=("kept",))
    pem = api.target.ca_file.read_text()
    secret = pem[pem.index("PRIVATE KEY") :].splitlines()[1]
    assert (tmp_path / REQUESTS_FILE).stat().st_size > 0
    assert not [path for path in tmp_path.iterdir() if secret in path.read_text() or "BEGIN" in path.read_text()]


def test_connections_that_are_reset_fail_what_is_under_way(api: Api, tmp_path: Path) -> None:
    found = a_trial(api, tmp_path, "reset")
    # Of a long answer over HTTP/1.1 all that the client wants may be in buffers already.
    for name in ("upload", "h2-upload", "h2-download"):
        assert found[name].failed == 1, found[name]
        assert found[name].connections_lost == 1
        assert set(found[name].errors or {}) <= {"reset", "closed"}
        assert found[name].served_again
    assert (found["kept"].connections_lost, found["h2-read"].connections_lost) == (1, 1)


def test_a_goaway_fails_nothing(api: Api, tmp_path: Path) -> None:
    """What was begun is finished on the old connection, what was not is asked on a new one; HTTP/1.1 is told to close."""
    found = a_trial(api, tmp_path, "goaway")
    failed, lost = totals(found)
    assert failed == 0, found
    assert dict(found["h2-read"].endings or {}) == {"goaway": 1}
    assert dict(found["upload"].endings or {}) == {"closed": 1}
    # The long answer is left before its end: its connection is never told to close.
    assert lost >= len(KEPT) - 1


@pytest.mark.parametrize("word", ["goaway-old", "refuse"])
def test_what_was_not_begun_is_asked_again(api: Api, tmp_path: Path, word: str) -> None:
    found = a_trial(api, tmp_path, *[word] * 5, streams=HTTP2, lasts=0.2)
    assert totals(found)[0] == 0, found


def test_a_server_that_hangs_is_a_stall_and_a_timeout(api: Api, tmp_path: Path) -> None:
    found = a_trial(api, tmp_path, "hang", "well", lasts=2.6)
    for each in found.values():
        assert each.stall_ms is not None
        assert each.stall_ms >= 900, each
        assert "timeout" in (each.errors or {}), each
        assert each.served_again


def test_an_error_of_the_server_is_told_by_its_status(api: Api, tmp_path: Path) -> None:
    found = a_trial(api, tmp_path, "error", "well", lasts=1.5)
    assert {name: set(each.errors or {}) for name, each in found.items()} == {name: {"http-500"} for name in found}


def test_who_shows_nothing_is_not_taken_for_served(api: Api, tmp_path: Path) -> None:
    """A probe that never worked is not measured: no figure of it looks like a good one."""
    with HistoryWriter(tmp_path / EVENTS_FILE) as events:

        async def trial() -> None:
            async with Measurement(api.target, tmp_path, None, ("new", "kept", "h2-read")) as client:
                await until(lambda: len(read_history(tmp_path).requests) > 50, client)
                events.append(Event("fault", time.monotonic_ns()))
                await asyncio.sleep(0.5)

        asyncio.run(trial())
    found = results(read_history(tmp_path))
    assert {each.reason for each in found.values()} == {"not served before the fault (http-401)"}
    assert {each.failed for each in found.values()} == {None}


def test_a_server_without_http2_is_said_to_be_one(server: Server, tmp_path: Path) -> None:
    target = Target("127.0.0.1", server.port, NAME, server.certificate)
    with HistoryWriter(tmp_path / EVENTS_FILE) as events:

        async def trial() -> None:
            async with Measurement(target, tmp_path) as client:
                await until(lambda: any(each.stream == "h2-read" for each in read_history(tmp_path).requests), client)
                events.append(Event("fault", time.monotonic_ns()))
                await asyncio.sleep(0.3)

        asyncio.run(trial())
    found = results(read_history(tmp_path))
    assert found["h2-read"].reason == "not served before the fault (no-http2)"
    assert set(found) == {kind.name for kind in KINDS if not kind.credentials}
