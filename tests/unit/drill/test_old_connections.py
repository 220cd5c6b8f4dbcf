"""Whether connections of before a reload end with their server."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from twinkeel.drill import old_connections
from twinkeel.drill.fault import Scene
from twinkeel.drill.programs.old_connections import counted
from twinkeel.errors import VerificationError
from twinkeel.hosts.executor import CommandResult
from twinkeel.topology.model import Machine, Topology

SHOWN = """\
0 0 192.168.1.111:40001 192.168.1.101:6443 users:(("haproxy",pid=7,fd=30))
0 0 192.168.1.111:40002 192.168.1.101:6443 users:(("haproxy",pid=8,fd=31))
0 0 192.168.1.111:40003 192.168.1.101:6443 users:(("kubelet",pid=9,fd=11))
0 0 192.168.1.110:6443 192.168.1.120:50000 users:(("haproxy",pid=7,fd=12))
"""
ONE, TWO, THREE = (f"192.168.1.{last}:6443" for last in (101, 103, 105))


def test_only_haproxys_connections_to_api_servers_count() -> None:
    assert counted(SHOWN, SHOWN, 8, [ONE, TWO]) == {ONE: [2, 1], TWO: [0, 0]}


def test_a_connection_that_comes_or_goes_does_not_count() -> None:
    """The drill opens a new one every 10 ms."""
    _, *rest = SHOWN.splitlines(keepends=True)
    assert counted("".join(rest), SHOWN, 8, [ONE]) == counted(SHOWN, "".join(rest), 8, [ONE]) == {ONE: [1, 0]}


class Hosts:
    """The holder tells one count after the other, the last one again and again."""

    def __init__(self, *counts: dict[str, tuple[int, int]]) -> None:
        self.counts = list(counts)
        self.changed: list[Sequence[str]] = []

    async def run(self, machine: Machine, argv: Sequence[str]) -> CommandResult:
        assert machine.name == "lb-1"
        assert list(argv[-3:]) == [ONE, TWO, THREE]
        told = self.counts.pop(0) if len(self.counts) > 1 else self.counts[0]
        return CommandResult(machine.name, tuple(argv), 0, json.dumps({ONE: (0, 0), TWO: (0, 0), THREE: (0, 0)} | told), "")

    async def change(self, machine: Machine, argv: Sequence[str]) -> CommandResult:
        self.changed.append((machine.name, *argv))
        return CommandResult(machine.name, tuple(argv), 0, "", "")


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("POLL_EVERY", "RELOADED_DEADLINE", "END_DEADLINE"):
        monkeypatch.setattr(old_connections, name, 0.02)


@pytest.fixture
def scene(lab_home_topology: Topology) -> Callable[[Hosts], Scene]:
    def made(hosts: Hosts) -> Scene:
        @asynccontextmanager
        async def opened() -> AsyncIterator[Hosts]:
            yield hosts

        return Scene(lab_home_topology, lab_home_topology.load_balancers[0].machine, lab_home_topology.control_plane[1], opened)  # type: ignore[arg-type]

    return made


def test_the_api_server_with_most_connections_is_chosen(scene: Callable[[Hosts], Scene]) -> None:
    hosts = Hosts({ONE: (2, 0), THREE: (5, 0)})
    assert asyncio.run(old_connections.most_used_api_server(scene(hosts))).name == "master-3"


def test_without_a_connection_there_is_nothing_to_see(scene: Callable[[Hosts], Scene]) -> None:
    with pytest.raises(VerificationError, match="no connection to keep"):
        asyncio.run(old_connections.most_used_api_server(scene(Hosts({}))))


def test_the_reload_is_over_when_an_old_process_is_there(scene: Callable[[Hosts], Scene]) -> None:
    hosts = Hosts({TWO: (3, 0)}, {TWO: (3, 2)})
    asyncio.run(old_connections.reload_haproxy(scene(hosts)))
    assert hosts.changed == [("lb-1", "systemctl", "reload", "haproxy")]
    with pytest.raises(VerificationError, match="no connection to master-2 outlived the reload"):
        asyncio.run(old_connections.reload_haproxy(scene(Hosts({TWO: (3, 0), ONE: (4, 4)}))))


def test_connections_that_stay_with_a_dead_server_fail_the_trial(scene: Callable[[Hosts], Scene]) -> None:
    """What a heal returns is what had to be forced."""
    assert asyncio.run(old_connections.left_behind(scene(Hosts({TWO: (4, 3)}, {TWO: (1, 0)})))) == ""
    said = asyncio.run(old_connections.left_behind(scene(Hosts({TWO: (4, 3)}))))
    assert said == "3 connections from before the reload stayed with master-2, which does not answer"
