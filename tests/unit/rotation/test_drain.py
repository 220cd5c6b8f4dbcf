"""Draining: what is refused, what is undone, and what is waited for. HAProxy's answers are those of `server_state.py`."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from twinkeel.app.nodes import control_plane_host
from twinkeel.errors import HostError, UsageError, VerificationError
from twinkeel.hosts.executor import DEFAULT_TIMEOUT, CommandResult, FileMissingError
from twinkeel.rotation import drain as drain_module
from twinkeel.rotation.drain import RotationResult, drain, undrain
from twinkeel.support.events import Event
from twinkeel.topology.model import Machine, Topology

MASTERS = ("master-1", "master-2", "master-3")


@dataclass
class Balancers:
    """Stands for SSH to the load balancers: keeps each one's states and answers as the program there does."""

    state: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    refuses: str = ""
    connections: list[int] = field(default_factory=list)
    killed: list[str] = field(default_factory=list)
    sick: str = ""

    def __post_init__(self) -> None:
        for name in ("lb-1", "lb-2"):
            self.state[name] = {
                master: {"state": "ready", "kept": "ready", "health": "UP", "sessions": 0, "connections": 0} for master in MASTERS
            }

    async def run(self, machine: Machine, argv: Sequence[str], *, timeout: float = DEFAULT_TIMEOUT) -> CommandResult:
        answer = json.dumps(self.state[machine.name])
        if self.connections:
            left = self.connections.pop(0)
            answer = json.dumps({name: {**row, "connections": left} for name, row in self.state[machine.name].items()})
        return CommandResult(machine.name, tuple(argv), 0, answer, "")

    async def change(self, machine: Machine, argv: Sequence[str], *, timeout: float = DEFAULT_TIMEOUT) -> CommandResult:
        asked = json.loads(argv[-1])
        if machine.name == self.refuses and "ready" not in asked["set"].values():
            return CommandResult(machine.name, tuple(argv), 1, "", "HAProxy answers `set server` with: no")
        for server, state in asked["set"].items():
            health = {"ready": "DOWN" if server == self.sick else "UP", "drain": "DRAIN", "maint": "MAINT"}[state]
            self.state[machine.name][server].update(state=state, kept=state, health=health)
        self.killed += [f"{machine.name}/{server}" for server in asked["kill"]]
        return CommandResult(machine.name, tuple(argv), 0, json.dumps(self.state[machine.name]), "")

    async def read_file(self, machine: Machine, path: str) -> bytes:
        raise FileMissingError("the host has no such file")

    def states(self, master: str) -> list[str]:
        return [self.state[name][master]["state"] for name in self.state]

    def down(self, *masters: str) -> None:
        for servers in self.state.values():
            for master in masters:
                servers[master]["health"] = "DOWN"


@pytest.fixture
def balancers(monkeypatch: pytest.MonkeyPatch) -> Balancers:
    async def answers(*_: object, **__: object) -> str:
        return "lb-1"

    monkeypatch.setattr(drain_module, "verify_endpoint", answers)
    monkeypatch.setattr(drain_module, "PAUSE", 0.0)
    return Balancers()


def drained(
    topology: Topology, hosts: Balancers, name: str = "master-2", *, timeout: float = 5, force: bool = False
) -> RotationResult:
    events: list[Event] = []
    machine = control_plane_host(topology, name)
    return asyncio.run(drain(topology, hosts, machine, timeout=timeout, force=force, on_event=events.append))


def test_every_load_balancer_ends_in_maintenance(lab_home_topology: Topology, balancers: Balancers) -> None:
    result = drained(lab_home_topology, balancers)
    assert (result.state, balancers.states("master-2")) == ("drained", ["maint", "maint"])
    assert balancers.states("master-1") == ["ready", "ready"]
    # A second time there is nothing to do.
    assert drained(lab_home_topology, balancers).state == "drained"


def test_connections_are_waited_for(lab_home_topology: Topology, balancers: Balancers) -> None:
    balancers.connections = [3, 3, 2, 1, 0, 1]
    assert drained(lab_home_topology, balancers).state == "drained"
    assert balancers.connections == []


def test_connections_that_stay_keep_it_draining_and_force_ends_them(lab_home_topology: Topology, balancers: Balancers) -> None:
    balancers.connections = [2] * 4
    result = drained(lab_home_topology, balancers, timeout=0)
    assert (result.state, result.connections, balancers.killed) == ("draining", 4, [])
    assert balancers.states("master-2") == ["drain", "drain"]
    balancers.connections = [2] * 4
    assert drained(lab_home_topology, balancers, timeout=0, force=True).state == "drained"
    assert balancers.killed == ["lb-1/master-2", "lb-2/master-2"]


def test_a_load_balancer_that_refuses_undoes_the_others(lab_home_topology: Topology, balancers: Balancers) -> None:
    balancers.refuses = "lb-2"
    with pytest.raises(HostError, match="with: no") as caught:
        drained(lab_home_topology, balancers)
    assert caught.value.where == "lb-2"
    assert balancers.states("master-2") == ["ready", "ready"]


def test_an_api_that_does_not_answer_undoes_all(
    lab_home_topology: Topology, balancers: Balancers, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(*_: object, **__: object) -> str:
        raise VerificationError("the API does not answer through the virtual IP")

    monkeypatch.setattr(drain_module, "verify_endpoint", silent)
    with pytest.raises(VerificationError):
        drained(lab_home_topology, balancers)
    assert balancers.states("master-2") == ["ready", "ready"]


def test_the_last_api_server_stays_whatever_is_asked(lab_home_topology: Topology, balancers: Balancers) -> None:
    balancers.down("master-1", "master-3")
    with pytest.raises(UsageError, match="no API server would be up"):
        drained(lab_home_topology, balancers, force=True)
    assert balancers.states("master-2") == ["ready", "ready"]


def test_half_of_them_stay_unless_forced(lab_home_topology: Topology, balancers: Balancers) -> None:
    balancers.down("master-1")
    with pytest.raises(UsageError, match="only 1 of 3 API servers would be up: master-3"):
        drained(lab_home_topology, balancers)
    # One that is down already takes nothing away.
    assert drained(lab_home_topology, balancers, "master-1").state == "drained"
    assert drained(lab_home_topology, balancers, force=True).state == "drained"


def test_undrain_waits_for_the_health_checks(lab_home_topology: Topology, balancers: Balancers) -> None:
    drained(lab_home_topology, balancers)
    machine = control_plane_host(lab_home_topology, "master-2.lab-home.com")
    result = asyncio.run(undrain(lab_home_topology, balancers, machine, timeout=1, on_event=lambda event: None))
    assert (result.state, balancers.states("master-2")) == ("ready", ["ready", "ready"])
    balancers.sick = "master-2"
    with pytest.raises(VerificationError, match="DOWN on lb-1, DOWN on lb-2") as caught:
        asyncio.run(undrain(lab_home_topology, balancers, machine, timeout=0, on_event=lambda event: None))
    assert "as soon as they pass" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "what", "hint"),
    [
        ("mastr-2", "there is no host mastr-2", "did you mean master-2?"),
        ("lb-1", "lb-1 is a load balancer, not a control-plane host", "control-plane hosts: master-1, master-2, master-3"),
        ("zzz", "there is no host zzz", "control-plane hosts: master-1, master-2, master-3"),
    ],
)
def test_a_name_that_is_no_control_plane_host(lab_home_topology: Topology, name: str, what: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        control_plane_host(lab_home_topology, name)
    assert (caught.value.what, caught.value.hint) == (what, hint)
