"""No room for the history: the client ends and says why, a fault is healed all the same, and nothing passes."""

import asyncio
import resource
import signal
from pathlib import Path

import pytest

from twinkeel.drill.drill import Drill
from twinkeel.drill.history import EVENTS_FILE, REQUESTS_FILE, Event, HistoryWriter
from twinkeel.drill.measure import Measurement
from twinkeel.drill.trial import read_trials
from twinkeel.errors import ToolError

from .conftest import Server
from .test_client import DEADLINE, target_of
from .test_run import Story, drill, hosts, story, topology, trials_of  # noqa: F401 - fixtures


def test_a_writer_without_room_says_so_when_it_is_closed(tmp_path: Path) -> None:
    (tmp_path / EVENTS_FILE).symlink_to("/dev/full")
    writer = HistoryWriter(tmp_path / EVENTS_FILE)
    for number in range(100):
        writer.append(Event("fault", number))
    with pytest.raises(ToolError, match="cannot be written: No space left") as caught:
        writer.close()
    assert caught.value.where == str(tmp_path / EVENTS_FILE)


def test_a_client_that_cannot_record_ends_and_says_why(server: Server, tmp_path: Path) -> None:
    (tmp_path / REQUESTS_FILE).symlink_to("/dev/full")

    async def measure() -> None:
        async with Measurement(target_of(server), tmp_path) as client, asyncio.timeout(DEADLINE):
            while True:
                client.require_running()
                await asyncio.sleep(0.05)

    with pytest.raises(ToolError, match=r"client stopped: .*No space left"):
        asyncio.run(measure())


def test_a_fault_is_healed_when_there_is_no_room_left(drill: Drill, story: Story) -> None:  # noqa: F811 - fixtures
    """A limit of this process stands for the disk: from the fault on no file may grow."""
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    async def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, unlimited[1]))

    story.on_inject = no_room
    try:
        with pytest.raises(ToolError, match="history cannot be written: File too large"):
            trials_of(drill)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
        signal.signal(signal.SIGXFSZ, handler)
    assert story.told == ["inject lb-1", "heal lb-1"]
    (trial,) = read_trials(drill.folder)
    assert trial.verdict.verdict == "unknown"
