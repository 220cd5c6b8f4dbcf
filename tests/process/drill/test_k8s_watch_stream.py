"""The client's watch against a server that speaks as the API does: it comes back, and a change that it was not told of is found."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from twinkeel.drill.access import Access
from twinkeel.drill.history import EVENTS_FILE, Event, HistoryWriter, read_history
from twinkeel.drill.https import Target
from twinkeel.drill.measure import Measurement
from twinkeel.drill.watch_verdict import WatchVerdict, watch_verdict

from .conftest import NAME

DEADLINE = 30.0
TOKEN = Access(b"", "a-token", "")


@dataclass(frozen=True)
class Api:
    process: subprocess.Popen[str]
    target: Target


@pytest.fixture
def api(certificate: Path, request: pytest.FixtureRequest) -> Iterator[Api]:
    argv = [sys.executable, str(Path(__file__).with_name("api_server.py")), str(certificate), getattr(request, "param", "0")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Api(process, Target("127.0.0.1", int(process.stdout.readline()), NAME, certificate))
        finally:
            process.kill()


async def until(state: Callable[[], bool], client: Measurement) -> None:
    async with asyncio.timeout(DEADLINE):
        while not state():
            client.served_for()
            await asyncio.sleep(0.02)


def names(folder: Path) -> list[str]:
    return [event.name for event in read_history(folder).events]


def a_trial(api: Api, folder: Path, *faults: signal.Signals) -> WatchVerdict:
    """A client whose watch is up before the fault, the signals, and a watch that is up at the end."""

    async def trial() -> None:
        with HistoryWriter(folder / EVENTS_FILE) as events:
            async with Measurement(api.target, folder, TOKEN, ("new", "watch")) as client:
                await until(lambda: client.watching and client.served_for() > 0.5, client)
                events.append(Event("fault", time.monotonic_ns()))
                for number in faults:
                    ups = names(folder).count("watch-up")
                    api.process.send_signal(number)
                    await until(lambda: names(folder).count("watch-up") > ups, client)  # noqa: B023 - waited for at once
                await until(lambda: client.watching, client)

    asyncio.run(trial())
    history = read_history(folder)
    assert history.flaws == ()
    found = watch_verdict(history)
    assert found is not None
    return found


def test_a_watch_that_never_broke_was_told_of_everything(api: Api, tmp_path: Path) -> None:
    found = a_trial(api, tmp_path)
    assert (found.blind_ms, found.reconnect_ms, found.missed, found.up_before, found.up_after) == (None, None, 0, True, True)
    assert found.reported is not None
    assert found.reported >= 5
    assert not found.listed_again


def test_a_watch_that_broke_goes_on_where_it_was(api: Api, tmp_path: Path) -> None:
    found = a_trial(api, tmp_path, signal.SIGUSR1)
    assert (found.missed, found.up_before, found.up_after, found.listed_again) == (0, True, True, False)
    assert found.reconnect_ms is not None
    assert found.blind_ms is not None
    assert found.blind_ms >= found.reconnect_ms > 0


@pytest.mark.parametrize("api", ["1"], indirect=True)
def test_a_change_that_it_was_not_told_of_is_found(api: Api, tmp_path: Path) -> None:
    found = a_trial(api, tmp_path)
    assert found.reported is not None
    assert found.missed is not None
    assert 1 <= found.missed <= found.reported // 5 + 1


def test_an_api_that_forgot_is_listed_again_and_nothing_is_claimed(api: Api, tmp_path: Path) -> None:
    found = a_trial(api, tmp_path, signal.SIGUSR2)
    assert (found.listed_again, found.missed, found.up_after) == (True, None, True)
