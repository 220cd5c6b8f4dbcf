"""The runner's promises: a fault is healed whatever happens, the first error is kept, a sick system is not touched.

Hosts are a table of answers here, the API is a real HTTPS server, the client is the real one.
The real daemons are in the lab tests.
"""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from twinkeel.cli.load import load_topology
from twinkeel.drill import heal, run, stage
from twinkeel.drill.active_fault import path_of, read_active_fault
from twinkeel.drill.drill import Drill
from twinkeel.drill.fault import Fault, Scene
from twinkeel.drill.https import Target
from twinkeel.drill.run import run_drill
from twinkeel.drill.trial import Trial
from twinkeel.errors import HostError, UsageError, VerificationError
from twinkeel.hosts import lock
from twinkeel.hosts.executor import DEFAULT_TIMEOUT, CommandResult, FileMissingError
from twinkeel.status.load_balancer import PROGRAM as LOOK
from twinkeel.topology.model import Machine, Topology

from .conftest import NAME, Server

EXAMPLE = Path(__file__).parents[3] / "examples" / "lab-home.yaml"
BACKENDS = "# pxname,svname,status,\nkubernetes-api,master-1,UP,\n"


class Hosts:
    """lb-1 holds the virtual IP; every host is well, unless a test says otherwise. `trace` is what evidence commands answer."""

    def __init__(self, authority: bytes) -> None:
        self.authority = authority
        self.holders = {"lb-1"}
        self.keepalived = "active"
        self.trace = 0
        self.locks: dict[str, str] = {}
        self.lost = ""

    async def run(self, machine: Machine, argv: Sequence[str], *, timeout: float = DEFAULT_TIMEOUT) -> CommandResult:
        return CommandResult(machine.name, tuple(argv), 0, self._answer(machine, argv), "")

    async def change(self, machine: Machine, argv: Sequence[str], *, timeout: float = DEFAULT_TIMEOUT) -> CommandResult:
        assert lock.LOCK_FILE in argv, "the faults of this test change nothing else"
        if machine.name == self.lost:
            raise HostError(f"{machine.name} does not answer")
        now, (expected, wanted) = self.locks.get(machine.name, ""), argv[-2:]
        if now != expected:
            return CommandResult(machine.name, tuple(argv), 1, now, "")
        self.locks[machine.name] = wanted
        return CommandResult(machine.name, tuple(argv), 0, "", "")

    async def stream(self, machine: Machine, argv: Sequence[str]) -> AsyncGenerator[str, None]:
        yield json.dumps({"kind": "start", "held": ["127.0.0.1"] if machine.name in self.holders else []})
        await asyncio.Event().wait()

    async def read_file(self, machine: Machine, path: str) -> bytes:
        if path.startswith("/etc/kubernetes/pki"):
            return self.authority
        if path == "/run/twinkeel/haproxy-down":
            return b"0\n"
        raise FileMissingError("no such file", where=path)

    def _answer(self, machine: Machine, argv: Sequence[str]) -> str:
        address = "127.0.0.1" if machine.name in self.holders else "127.0.0.9"
        if argv[0] == "ip":
            return f'[{{"addr_info": [{{"local": "{address}"}}]}}]'
        if argv[0] == "evidence":
            return str(self.trace)
        if LOOK in argv:
            units = {"units": ["active", self.keepalived], "down": "0", "standby": None, "lingering": None}
            return json.dumps({"addresses": [address], "ages": {}, "servers": BACKENDS, **units})
        return BACKENDS


class Story:
    """What the scripted fault did, in order."""

    def __init__(self, hosts: Hosts) -> None:
        self.hosts = hosts
        self.told: list[str] = []
        self.on_inject: Callable[[], Awaitable[None]] | None = None
        self.on_heal: Callable[[], Awaitable[None]] | None = None

    async def inject(self, scene: Scene) -> None:
        self.told.append(f"inject {scene.target.name}")
        if self.on_inject:
            await self.on_inject()
        self.hosts.trace += 1

    async def heal(self, scene: Scene) -> str:
        self.told.append(f"heal {scene.target.name}")
        if self.on_heal:
            await self.on_heal()
        return ""


@pytest.fixture
def topology(server: Server) -> Topology:
    """The seed's cluster with every address on this machine's loopback."""
    here = load_topology(EXAMPLE)
    loopback = IPv4Address("127.0.0.1")
    endpoint = replace(here.endpoint, port=server.port, vips=(IPv4Interface("127.0.0.1/8"),))
    vip = endpoint.vip
    balancers = tuple(
        replace(each, instances=tuple(replace(each_one, vip=vip) for each_one in each.instances)) for each in here.load_balancers
    )
    masters = tuple(replace(each, address=loopback) for each in here.control_plane)
    cluster = replace(here.cluster, api_port=server.port)
    return replace(here, endpoint=endpoint, load_balancers=balancers, control_plane=masters, cluster=cluster)


@pytest.fixture
def hosts(server: Server) -> Hosts:
    text = server.certificate.read_bytes()
    return Hosts(text[: text.index(b"-----BEGIN PRIVATE KEY")])


@pytest.fixture
def story(hosts: Hosts) -> Story:
    return Story(hosts)


@pytest.fixture
def drill(topology: Topology, server: Server, hosts: Hosts, story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Drill:
    monkeypatch.setattr(stage, "BASELINE_SECONDS", 0.2)
    monkeypatch.setattr(stage, "STABLE_SECONDS", 0.1)
    monkeypatch.setattr(stage, "BASELINE_DEADLINE", 100.0)
    monkeypatch.setattr(stage, "HEALTH_DEADLINE", 0.3)
    for module in (run, stage):
        monkeypatch.setattr(module, "HEALTH_EVERY", 0.05)
    monkeypatch.setattr(stage, "POLL_EVERY", 0.02)
    fault = Fault("a-fault", "A fault", "", "", "", "", 100, story.inject, story.heal, ("evidence",))

    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[Hosts]:
        yield hosts

    target = Target("127.0.0.1", server.port, NAME, server.certificate)
    return Drill(topology, opened, target, (fault,), 1, tmp_path / "drill", tmp_path / "notes", lambda line: None)


def trials_of(drill: Drill) -> list[Trial]:
    async def collect() -> list[Trial]:
        return [trial async for trial in run_drill(drill)]

    return asyncio.run(collect())


def test_the_steps_of_a_trial(drill: Drill, story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    # This system is well again, however late a busy machine says so.
    monkeypatch.setattr(stage, "HEALTH_DEADLINE", 100.0)
    (trial,) = trials_of(drill)
    assert story.told == ["inject lb-1", "heal lb-1"]
    assert (trial.scenario, trial.number, trial.holder_before, trial.holder_after) == ("a-fault", 1, "lb-1", "lb-1")
    # The baseline of this test is too short for a judgement, and the machine may be a busy one; nothing else is wrong.
    too_short = ("fewer requests before", "the client was stopped too soon", "requests failed before", "the client itself was late")
    assert [reason for reason in trial.verdict.reasons if not reason.startswith((*too_short, "downtime is over"))] == []


def test_a_drill_holds_the_cluster_s_lock_and_gives_it_back(drill: Drill, story: Story, hosts: Hosts) -> None:
    seen: list[str] = []

    async def look() -> None:
        seen.extend(hosts.locks.values())

    story.on_inject = look
    trials_of(drill)
    assert len(seen) == 2
    assert all("twinkeel drill run" in each for each in seen)
    assert set(hosts.locks.values()) == {""}


def test_a_drill_does_not_break_what_another_run_works_on(drill: Drill, story: Story, hosts: Hosts) -> None:
    other = replace(lock.this_process("twinkeel apply"), place="another machine").text()
    hosts.locks["lb-2"] = other
    with pytest.raises(lock.LockedError, match="twinkeel apply"):
        trials_of(drill)
    assert story.told == []
    assert hosts.locks == {"lb-1": "", "lb-2": other}
    (trial,) = trials_of(replace(drill, break_lock=True))
    assert trial.scenario == "a-fault"


def test_a_fault_that_cannot_be_injected_is_healed_all_the_same(drill: Drill, story: Story) -> None:
    async def refuse() -> None:
        raise HostError("sudo said no", where="lb-1")

    story.on_inject = refuse
    (trial,) = trials_of(drill)
    assert story.told == ["inject lb-1", "heal lb-1"]
    assert trial.verdict.verdict == "unknown"
    assert "sudo said no (lb-1)" in trial.verdict.reasons


def test_trouble_with_healing_does_not_hide_the_first_error(drill: Drill, story: Story) -> None:
    async def refuse() -> None:
        raise HostError("sudo said no")

    async def fail() -> None:
        raise HostError("cannot heal")

    story.on_inject, story.on_heal = refuse, fail
    (trial,) = trials_of(drill)
    assert {"sudo said no", "cannot heal"} <= set(trial.verdict.reasons)


def test_an_interrupted_drill_is_healed(drill: Drill, story: Story) -> None:
    async def interrupted() -> None:
        reached = asyncio.Event()

        async def hang() -> None:
            reached.set()
            await asyncio.Event().wait()

        story.on_inject = hang
        task = asyncio.create_task(anext(aiter(run_drill(drill))))
        await reached.wait()
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(interrupted())
    assert story.told == ["inject lb-1", "heal lb-1"]


def test_a_fault_without_effect_is_unknown(drill: Drill, story: Story, hosts: Hosts) -> None:
    async def undo() -> None:
        hosts.trace -= 1

    story.on_heal = undo
    (trial,) = trials_of(drill)
    assert "the fault left no trace on its host" in trial.verdict.reasons


def test_a_system_that_stays_sick_fails_and_the_next_trial_is_refused(drill: Drill, story: Story, hosts: Hosts) -> None:
    async def stop_keepalived() -> None:
        hosts.keepalived = "failed"
        hosts.holders = {"lb-2"}

    story.on_inject = stop_keepalived
    seen: list[Trial] = []

    async def collect() -> None:
        async for trial in run_drill(replace(drill, trials=2)):
            seen.append(trial)

    with pytest.raises(VerificationError, match="keepalived"):
        asyncio.run(collect())
    assert story.told == ["inject lb-1", "heal lb-1"]
    assert "the system was not healthy again after the fault was healed" in seen[0].verdict.reasons
    assert seen[0].holder_after == "lb-2"


@pytest.mark.parametrize("holders", [set(), {"lb-1", "lb-2"}])
def test_a_sick_system_is_not_touched(drill: Drill, story: Story, hosts: Hosts, holders: set[str]) -> None:
    hosts.holders = holders
    with pytest.raises(VerificationError, match="not healthy"):
        trials_of(drill)
    assert story.told == []
    assert not drill.folder.exists()


def test_an_api_that_does_not_answer_is_a_sick_system(drill: Drill, story: Story, server: Server) -> None:
    server.process.kill()
    with pytest.raises(VerificationError, match="not healthy"):
        trials_of(drill)
    assert story.told == []


def test_without_power_commands_nothing_begins(drill: Drill, story: Story) -> None:
    needy = replace(drill, faults=(*drill.faults, replace(drill.faults[0], id="power-loss", prerequisites=("power",))))
    with pytest.raises(UsageError, match="power-loss needs to know how"):
        trials_of(needy)
    assert story.told == []


def test_a_folder_with_trials_is_not_mixed_with_new_ones(drill: Drill) -> None:
    trials_of(drill)
    with pytest.raises(UsageError, match="holds trials already"):
        trials_of(drill)


@pytest.fixture
def registered(drill: Drill, monkeypatch: pytest.MonkeyPatch) -> Drill:
    """The scripted fault as one that `heal` finds by its id."""
    monkeypatch.setattr(heal, "find_fault", lambda name: {fault.id: fault for fault in drill.faults}[name])
    return drill


def heal_now(drill: Drill) -> str:
    return asyncio.run(heal.heal_what_is_left(drill.topology, drill.hosts, drill.notes, drill.on_message))


def test_what_a_failed_healing_left_is_healed_later(registered: Drill, story: Story) -> None:
    async def fail() -> None:
        raise HostError("cannot heal")

    story.on_heal = fail
    trials_of(registered)
    note = read_active_fault(registered.notes, registered.topology.name)
    assert note is not None
    assert (note.scenario, note.target, note.pid) == ("a-fault", "lb-1", os.getpid())
    # As if its process had been killed: a number that no process can have.
    path_of(registered.notes, registered.topology.name).write_text(json.dumps({**vars(note), "pid": 2**22 + 1}))
    story.on_heal = None
    assert heal_now(registered) == "a-fault on lb-1"
    assert story.told == ["inject lb-1", "heal lb-1", "heal lb-1"]
    assert heal_now(registered) == ""


@pytest.fixture
def left_broken(registered: Drill, story: Story) -> Drill:
    """A drill that was killed while its fault was in force."""

    async def fail() -> None:
        raise HostError("cannot heal")

    story.on_heal = fail
    trials_of(registered)
    path = path_of(registered.notes, registered.topology.name)
    path.write_text(json.dumps({**json.loads(path.read_text()), "pid": 2**22 + 1}))
    story.on_heal = None
    return registered


def test_healing_holds_the_lock_of_every_load_balancer_that_answers(left_broken: Drill, hosts: Hosts, story: Story) -> None:
    said, held = list[str](), list[str]()

    async def look() -> None:
        held.extend(name for name, owner in hosts.locks.items() if "twinkeel drill heal" in owner)
        # The fault was why it did not answer.
        hosts.lost = ""

    story.on_heal, hosts.lost = look, "lb-1"
    assert heal_now(replace(left_broken, on_message=said.append)) == "a-fault on lb-1"
    assert held == ["lb-2"]
    assert "lb-1: its lock is not held, and the work goes on without: lb-1 does not answer" in said
    assert not any(hosts.locks.values())


def test_nothing_is_healed_while_another_run_works_on_the_load_balancers(left_broken: Drill, hosts: Hosts, story: Story) -> None:
    hosts.locks["lb-2"] = replace(lock.this_process("twinkeel apply"), place="far away").text()
    with pytest.raises(lock.LockedError, match="runs `twinkeel apply`"):
        heal_now(left_broken)
    assert story.told == ["inject lb-1", "heal lb-1"]
    assert read_active_fault(left_broken.notes, left_broken.topology.name) is not None


def test_a_drill_under_way_is_not_healed_from_outside(registered: Drill, story: Story) -> None:
    async def look() -> None:
        with pytest.raises(UsageError, match="under way"):
            await heal.heal_what_is_left(registered.topology, registered.hosts, registered.notes, registered.on_message)

    story.on_inject = look
    trials_of(registered)
    assert story.told == ["inject lb-1", "heal lb-1"]


def test_a_note_that_makes_no_sense_is_named(registered: Drill) -> None:
    path = path_of(registered.notes, registered.topology.name)
    path.parent.mkdir(parents=True)
    path.write_text("{")
    with pytest.raises(UsageError, match="cannot be understood") as caught:
        heal_now(registered)
    assert caught.value.where == str(path)


def test_a_fault_without_evidence_is_proved_while_it_is_in_force(drill: Drill, story: Story) -> None:
    asked: list[list[str]] = []

    async def proof(scene: Scene) -> bool:
        asked.append(list(story.told))
        return False

    unproved = replace(drill, faults=(replace(drill.faults[0], evidence=(), proof=proof),))
    (trial,) = trials_of(unproved)
    assert asked == [["inject lb-1"]]
    assert "the fault left no trace on its host" in trial.verdict.reasons
