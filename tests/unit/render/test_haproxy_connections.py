"""haproxy-connections: what it ends, and when; everything around it is a stand-in. The whole of it: tests/checkers."""

import ast
from argparse import Namespace
from types import ModuleType
from typing import Any

import pytest

from rendered_program import load_program, program_path

PROGRAM = program_path("haproxy-connections")
NOW, BEFORE = 20, 10
"""The current process and the one of before a reload."""


@pytest.fixture(scope="module")
def program() -> ModuleType:
    return load_program("haproxy-connections")


class Host:
    """Servers with their states, and connections: number -> (server, process, milliseconds of quiet)."""

    def __init__(self, program: ModuleType, states: dict[str, str], open_: dict[int, tuple[str, int, int]], version: str) -> None:
        self.program, self.states, self.open, self.version = program, states, dict(open_), version
        self.old = [BEFORE]
        self.counted = 0
        self.ended: list[list[int]] = []

    def ask(self) -> Any:
        servers = [self.program.Server("kubernetes-api", name, name, state) for name, state in self.states.items()]
        return self.program.Seen(NOW, self.version, servers)

    def old_processes(self, current: int) -> list[int]:
        assert current == NOW
        return self.old

    def connections(self, places: set[str]) -> list[Any]:
        self.counted += 1
        return [self.program.Connection(str(number), *rest) for number, rest in self.open.items() if rest[0] in places]

    def end(self, ended: list[Any]) -> None:
        numbers = [int(each.here) for each in ended]
        for number in numbers:
            del self.open[number]
        if numbers:
            self.ended.append(numbers)


def swept(program: ModuleType, host: Host, looks: int = 1, spread: float = 300.0, every: float = 1.0) -> Host:
    sweeper = program.Sweeper(Namespace(spread=spread), host)
    for look in range(looks):
        sweeper.step(100.0 + look * every)
    return host


UP, DOWN, OUT = "2", "0", "out"
TWO = {1: ("a", BEFORE, 0), 2: ("b", BEFORE, 0), 3: ("a", NOW, 0)}


def test_an_old_process_loses_its_connections_to_a_server_that_is_down(program: ModuleType) -> None:
    assert swept(program, Host(program, {"a": DOWN, "b": UP}, TWO, "2.6.12")).ended == [[1]]


def test_where_no_other_server_runs_they_stay(program: ModuleType) -> None:
    """A check that is wrong since the reload fails everywhere; the old connections still work."""
    assert swept(program, Host(program, {"a": DOWN, "b": DOWN}, TWO, "2.6.12")).ended == []


def test_a_server_that_somebody_took_out_keeps_them(program: ModuleType) -> None:
    """`twinkeel drain` waits for them."""
    assert swept(program, Host(program, {"a": OUT, "b": UP}, TWO, "2.6.12")).ended == []


@pytest.mark.parametrize(
    ("version", "ends"), [("2.6.12", False), ("3.0.11-1", True), ("3.1.2", True), ("3.2.0", False), ("3.10.0", False)]
)
def test_the_current_process_closes_them_itself_but_not_in_3_0(program: ModuleType, version: str, ends: bool) -> None:
    host = Host(program, {"a": DOWN, "b": UP}, TWO, version)
    host.old = []
    assert swept(program, host).ended == ([[3]] if ends else [])


def test_connections_are_not_counted_without_need(program: ModuleType) -> None:
    """Counting reads every process's open files."""
    host = Host(program, {"a": UP, "b": UP}, TWO, "2.6.12")
    host.old = []
    assert swept(program, host, looks=50).counted == 0
    host.states["a"], host.version = DOWN, "3.0.11"
    assert 4 <= swept(program, host, looks=50).counted <= 6


@pytest.mark.parametrize(("count", "every"), [(500, 0.5), (500, 7.0), (3, 0.5), (2000, 0.5), (1, 0.5)])
def test_an_old_process_ends_bit_by_bit_and_in_time(program: ModuleType, count: int, every: float) -> None:
    host = Host(program, {"a": UP}, dict.fromkeys(range(count), ("a", BEFORE, 0)), "2.6.12")
    looks = int(300 / every)
    swept(program, host, looks=looks // 2, every=every)
    assert 0.4 * count - 1 <= len(host.open) <= 0.6 * count + 1
    host = Host(program, {"a": UP}, dict.fromkeys(range(count), ("a", BEFORE, 0)), "2.6.12")
    swept(program, host, looks=looks + 3, every=every)
    assert not host.open
    assert max(map(len, host.ended)) <= max(1, 0.05 * count)


def test_a_late_look_does_not_end_them_all_together(program: ModuleType) -> None:
    """A machine that slept for an hour."""
    host = Host(program, {"a": UP}, dict.fromkeys(range(500), ("a", BEFORE, 0)), "2.6.12")
    swept(program, host, looks=60, every=3600.0)
    assert max(map(len, host.ended)) <= 25
    assert not host.open


def test_the_quietest_are_the_first(program: ModuleType) -> None:
    host = Host(program, {"a": UP}, {1: ("a", BEFORE, 5), 2: ("a", BEFORE, 9000), 3: ("a", BEFORE, 70)}, "2.6.12")
    swept(program, host, looks=400)
    assert host.ended == [[2], [3], [1]]


def test_the_current_process_keeps_what_it_has(program: ModuleType) -> None:
    host = Host(program, {"a": UP, "b": UP}, TWO, "2.6.12")
    swept(program, host, looks=400)
    assert set(host.open) == {3}


def test_a_server_that_the_reload_took_away_is_not_forgotten(program: ModuleType) -> None:
    host = Host(program, {"a": UP, "b": UP}, TWO, "2.6.12")
    sweeper = program.Sweeper(Namespace(spread=300.0), host)
    sweeper.step(100.0)
    del host.states["b"]
    for look in range(400):
        sweeper.step(101.0 + look)
    assert set(host.open) == {3}


SAID = """\
Name: HAProxy
Version: 3.0.11-1+deb13u4
Pid: 4711

1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight ... srv_port
3 kubernetes-api 1 master-1 192.168.1.101 2 0 1 1 5 6 3 4 6 0 0 0 - 6443 - 0 0 - - 0
3 kubernetes-api 2 master-2 fd00::2 0 0 1 1 5 6 0 2 6 0 0 0 - 6443 - 0 0 - - 0
3 kubernetes-api 3 master-3 192.168.1.105 0 1 1 1 5 6 0 2 6 0 0 0 - 6443 - 0 0 - - 0
"""


def test_haproxys_answer_is_read(program: ModuleType) -> None:
    seen = program.parse(SAID)
    assert (seen.pid, seen.version) == (4711, "3.0.11-1+deb13u4")
    assert [(server.name, server.place, server.state) for server in seen.servers] == [
        ("master-1", "192.168.1.101:6443", UP),
        ("master-2", "[fd00::2]:6443", DOWN),
        ("master-3", "192.168.1.105:6443", OUT),
    ]
    with pytest.raises(ValueError, match="invalid literal"):
        program.parse("Unknown command.\n")


def test_the_lines_of_ss_are_read(program: ModuleType) -> None:
    shown = '0 0 10.0.0.9:40404 10.0.0.1:6443 users:(("haproxy",pid=7,fd=30)) cubic rto:204 lastsnd:9 lastrcv:812'
    assert program.connection_of(shown) == ("10.0.0.9:40404", "10.0.0.1:6443", 7, 812)
    assert program.connection_of(shown.replace("haproxy", "kubelet")) is None


def test_it_needs_nothing_but_an_old_python() -> None:
    ast.parse(PROGRAM.read_text(), feature_version=(3, 6))
