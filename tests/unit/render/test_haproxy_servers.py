"""haproxy-servers: which servers a reload is told to be down. The whole of it: tests/checkers."""

import ast
from pathlib import Path
from types import ModuleType

import pytest

from rendered_program import load_program, program_path
from twinkeel.render.haproxy import render_haproxy
from twinkeel.topology.model import Topology

PROGRAM = program_path("haproxy-servers")
HEADER = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state\n"
PLACES = {("kubernetes-api", f"master-{number}"): f"10.0.0.{number}:6443" for number in (1, 2, 3)}


@pytest.fixture(scope="module")
def program() -> ModuleType:
    return load_program("haproxy-servers")


def row(number: int, operation: int, admin: int = 0, since: int = 77) -> str:
    name = f"kubernetes-api {number} master-{number} 10.0.0.{number}"
    return f"3 {name} {operation} {admin} 1 1 {since} 6 3 4 6 0 0 0 - 6443 - 0 0 - - 0\n"


def names(program: ModuleType, state: str, places: dict[tuple[str, str], str] = PLACES) -> list[str]:
    return [found[program.NAME] for found in program.down(state, places)]


def test_a_server_that_failed_its_checks_is_down(program: ModuleType) -> None:
    assert names(program, HEADER + row(1, 2) + row(2, 0) + row(3, 2)) == ["master-2"]


def test_where_none_is_left_nobody_is_told(program: ModuleType) -> None:
    """The reload may bring the check that works; clients would wait for three good answers of it."""
    assert names(program, HEADER + row(1, 0) + row(2, 0)) == []
    assert names(program, HEADER + row(1, 0) + row(2, 2, admin=8)) == []


def test_a_server_that_moves_with_the_reload_starts_anew(program: ModuleType) -> None:
    """HAProxy takes the port from its state file, not from haproxy.cfg."""
    state = HEADER + row(1, 2) + row(2, 0)
    assert names(program, state, PLACES | {("kubernetes-api", "master-2"): "10.0.0.2:7443"}) == []
    assert names(program, state, {}) == []


def test_what_was_drained_stays_as_it_was_written(program: ModuleType) -> None:
    drained = HEADER + row(1, 2, admin=8, since=0) + row(3, 0, since=0)
    told = program.down(HEADER + row(1, 0) + row(2, 0) + row(3, 2), PLACES)
    assert program.merged(drained, told) == HEADER + row(1, 2, admin=8, since=0) + row(2, 0, since=0)
    assert program.merged(drained, []) == HEADER + row(1, 2, admin=8, since=0)
    assert program.merged("", []) == "1\n"


def test_a_start_forgets_who_was_down_and_keeps_who_is_drained(program: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "drained.state"
    file.write_text(HEADER + row(1, 2, admin=1) + row(2, 0))
    program.main(["--file", str(file), "--forget"])
    assert file.read_text() == HEADER + row(1, 2, admin=1)
    assert [path.name for path in tmp_path.iterdir()] == ["drained.state"]


def test_an_haproxy_that_does_not_answer_keeps_nobody_from_reloading(
    program: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "drained.state"
    file.write_text(HEADER + row(1, 2, admin=1))
    program.main(["--file", str(file), "--socket", str(tmp_path / "nothing"), "--config", str(tmp_path / "nothing")])
    assert file.read_text() == HEADER + row(1, 2, admin=1)
    assert "does not say which servers are down" in capsys.readouterr().err


def test_the_rendered_file_says_where_servers_are(program: ModuleType, lab_home_topology: Topology) -> None:
    text = render_haproxy(lab_home_topology, lab_home_topology.load_balancers[0], "verified").content
    assert program.places_in(text) == {
        ("kubernetes-api", "master-1"): "192.168.1.101:6443",
        ("kubernetes-api", "master-2"): "192.168.1.103:6443",
        ("kubernetes-api", "master-3"): "192.168.1.105:6443",
    }
    assert program.places_in("backend b\n  server s [fd00::1]:80 check\n") == {("b", "s"): program.place_of("fd00::1", "80")}


def test_it_needs_nothing_but_an_old_python() -> None:
    ast.parse(PROGRAM.read_text(), feature_version=(3, 6))
