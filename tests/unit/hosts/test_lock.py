"""The lock, on a real file with the real shell program that hosts run."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from twinkeel.errors import HostError
from twinkeel.hosts import lock
from twinkeel.hosts.executor import DEFAULT_TIMEOUT, CommandResult
from twinkeel.hosts.lock import LockedError, LockOwner, cluster_lock, lock_taken, this_process
from twinkeel.topology.model import Machine, Topology


class Here:
    """Runs a host's commands on this machine, each host's lock file in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, machine: Machine) -> Path:
        return self.folder / machine.name / "lock"

    async def change(self, machine: Machine, argv: Sequence[str], *, timeout: float = DEFAULT_TIMEOUT) -> CommandResult:
        mine = [str(self.file(machine)) if part == lock.LOCK_FILE else part for part in argv]
        done = await asyncio.to_thread(subprocess.run, mine, capture_output=True, text=True, check=False)
        return CommandResult(machine.name, tuple(argv), done.returncode, done.stdout, done.stderr)

    async def run(self, machine: Machine, argv: Sequence[str], *, timeout: float = DEFAULT_TIMEOUT) -> CommandResult:
        raise AssertionError("the lock reads under its guard only")

    async def read_file(self, machine: Machine, path: str) -> bytes:
        raise AssertionError("the lock reads under its guard only")


@pytest.fixture
def machines(lab_home_topology: Topology) -> list[Machine]:
    return [balancer.machine for balancer in lab_home_topology.load_balancers]


def take(here: Here, machines: Sequence[Machine], **options: bool) -> list[str]:
    """Hold the lock for a moment; the notes."""
    notes: list[str] = []

    async def hold() -> None:
        async with cluster_lock(here, machines, "twinkeel apply", notes.append, **options):
            for machine in machines:
                assert LockOwner.parse(here.file(machine).read_text()) is not None

    asyncio.run(hold())
    assert not any(here.file(machine).exists() for machine in machines)
    return notes


def put(here: Here, machine: Machine, owner: LockOwner) -> None:
    here.file(machine).parent.mkdir()
    here.file(machine).write_text(owner.text() + "\n")


def dead_process() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_every_host_is_locked_and_released(tmp_path: Path, machines: list[Machine]) -> None:
    assert take(Here(tmp_path), machines) == []


def test_it_is_released_after_an_error_too(tmp_path: Path, machines: list[Machine]) -> None:
    here = Here(tmp_path)

    async def fail() -> None:
        async with cluster_lock(here, machines, "twinkeel apply", print):
            raise KeyError("x")

    with pytest.raises(KeyError):
        asyncio.run(fail())
    assert not any(here.file(machine).exists() for machine in machines)


def test_a_run_under_way_is_named_and_nothing_of_it_is_touched(tmp_path: Path, machines: list[Machine]) -> None:
    here, other = Here(tmp_path), replace(this_process("twinkeel rollback"), owner="eve@far", place="far away")
    put(here, machines[1], other)
    with pytest.raises(LockedError, match=r"eve@far \(process \d+\) runs `twinkeel rollback` since .*, 0 min ago") as caught:
        take(here, machines)
    assert caught.value.where == f"{machines[1].name}:{lock.LOCK_FILE}"
    assert "wait until it is done" in caught.value.hint
    assert not here.file(machines[0]).exists()
    assert LockOwner.parse(here.file(machines[1]).read_text()) == other


def test_an_old_lock_of_another_machine_is_explained_and_broken_when_asked(tmp_path: Path, machines: list[Machine]) -> None:
    since = (datetime.now(UTC) - timedelta(hours=2)).isoformat(timespec="seconds")
    here = Here(tmp_path)
    put(here, machines[0], replace(this_process("twinkeel apply"), place="far away", since=since))
    with pytest.raises(LockedError, match="120 min ago") as caught:
        take(here, machines)
    assert "no run takes 30 minutes" in caught.value.hint
    here.file(machines[0]).write_text(replace(this_process("twinkeel drill soak"), place="far away", since=since).text() + "\n")
    with pytest.raises(LockedError, match="120 min ago") as caught:
        take(here, machines)
    assert "it may take hours" in caught.value.hint
    here.file(machines[0]).write_text(replace(this_process("twinkeel apply"), place="far away", since=since).text() + "\n")
    (note,) = take(here, machines, break_lock=True)
    assert "--break-lock" in note


def test_the_lock_of_a_dead_process_of_this_machine_is_taken_over_with_a_note(tmp_path: Path, machines: list[Machine]) -> None:
    here = Here(tmp_path)
    put(here, machines[0], replace(this_process("twinkeel apply"), pid=dead_process()))
    (note,) = take(here, machines)
    assert "a run that broke off" in note


def test_a_living_process_with_the_same_number_is_not_the_same_run(tmp_path: Path, machines: list[Machine]) -> None:
    here, mine = Here(tmp_path), this_process("twinkeel apply")
    put(here, machines[0], replace(mine, process_start="1"))
    assert len(take(here, machines)) == 1
    here.file(machines[0]).write_text(mine.text() + "\n")
    with pytest.raises(LockedError):
        take(here, machines)


def test_something_else_in_its_place_is_left_alone(tmp_path: Path, machines: list[Machine]) -> None:
    here = Here(tmp_path)
    here.file(machines[0]).parent.mkdir()
    here.file(machines[0]).write_text("mine\n")
    with pytest.raises(LockedError, match="not Twinkeel's"):
        take(here, machines)
    assert here.file(machines[0]).read_text() == "mine\n"


def test_of_many_runs_at_once_exactly_one_gets_it(tmp_path: Path, machines: list[Machine]) -> None:
    here, inside, most, won = Here(tmp_path), 0, 0, 0

    async def hold() -> None:
        nonlocal inside, most, won
        try:
            async with cluster_lock(here, machines, "twinkeel apply", print):
                inside, won = inside + 1, won + 1
                most = max(most, inside)
                await asyncio.sleep(0.05)
                inside -= 1
        except LockedError:
            pass

    async def race() -> None:
        await asyncio.gather(*(hold() for _ in range(6)))

    asyncio.run(race())
    assert (most, won >= 1) == (1, True)


class Partly(Here):
    """One machine is out of reach."""

    def __init__(self, folder: Path, lost: str) -> None:
        super().__init__(folder)
        self.lost = lost
        self.asked = 0

    async def change(self, machine: Machine, argv: Sequence[str], *, timeout: float = DEFAULT_TIMEOUT) -> CommandResult:
        if machine.name == self.lost:
            self.asked += 1
            raise HostError("no answer within 5 s", where=machine.name)
        return await super().change(machine, argv, timeout=timeout)


@pytest.mark.parametrize("lost", ["lb-1", "lb-2"])
def test_a_machine_out_of_reach_is_an_error_unless_it_may_be_left_out(tmp_path: Path, machines: list[Machine], lost: str) -> None:
    here, notes, held = Partly(tmp_path, lost), list[str](), list[str]()

    async def hold(*, skip_unreachable: bool) -> None:
        async with cluster_lock(here, machines, "twinkeel drill heal", notes.append, skip_unreachable=skip_unreachable):
            held.extend(machine.name for machine in machines if here.file(machine).exists())

    with pytest.raises(HostError, match="no answer"):
        asyncio.run(hold(skip_unreachable=False))
    assert (held, notes) == ([], [])
    assert not any(here.file(machine).exists() for machine in machines)
    here.asked = 0
    asyncio.run(hold(skip_unreachable=True))
    # Each try may take seconds: there is nothing to release.
    assert here.asked == 1
    assert held == [machine.name for machine in machines if machine.name != lost]
    assert notes == [f"{lost}: its lock is not held, and the work goes on without: no answer within 5 s"]
    assert not any(here.file(machine).exists() for machine in machines)


def test_another_run_is_not_passed_by_where_a_machine_may_be_left_out(tmp_path: Path, machines: list[Machine]) -> None:
    here = Partly(tmp_path, "lb-1")
    put(here, machines[1], replace(this_process("twinkeel apply"), place="far away"))

    async def hold() -> None:
        async with cluster_lock(here, machines, "twinkeel drill heal", print, skip_unreachable=True):
            raise AssertionError("another run holds lb-2")

    with pytest.raises(LockedError):
        asyncio.run(hold())
    assert here.file(machines[1]).exists()


def test_what_takes_a_lock_is_told_from_what_releases_it_and_from_the_rest(tmp_path: Path, machines: list[Machine]) -> None:
    seen: list[tuple[str, ...]] = []

    class Listening(Here):
        async def change(self, machine: Machine, argv: Sequence[str], *, timeout: float = DEFAULT_TIMEOUT) -> CommandResult:
            seen.append(tuple(argv))
            return await super().change(machine, argv, timeout=timeout)

    take(Listening(tmp_path), machines[:1])
    assert [lock_taken(argv) for argv in seen] == [True, False]
    assert lock_taken(["sh", "-c", "echo", "sh", lock.LOCK_FILE, "", "x"]) is None
    assert lock_taken(["reboot"]) is None
