"""Planned moves that keep connections, on the lab's hosts: drills, `switchover`, and what is left when it is taken out again."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from labs import Lab, make_lab

# A machine that starves Keepalived for 0.3 s, or HAProxy, must not move the address unplanned.
SPEC = """\
name: lab-second
domain: lab-home.com
endpoint: {name: lb.lab-home.com, vip: 192.168.1.110/24}
load_balancers: {lb-1: 192.168.1.111, lb-2: 192.168.1.112}
control_plane: {master-1: 192.168.1.101}
failover: {second_chance: true, advert_interval: 0.4, watchdog_deadline: 3}
kubernetes: {network_plugin: calico}
"""
# Of HTTP/1.1 and HTTP/2: see docs/drills.md.
KEPT = ("kept", "idle", "upload", "download", "h2-read", "h2-upload", "h2-download")
# Milliseconds: how long a move takes on a busy machine is not asked here, only what it breaks.
BUDGET = "5000"
# Seconds after which a holder yields early: haproxy-liveness, Suspicion.SETTLED, and a little.
SETTLED = 5.5
UNITS = ("twinkeel-second-chance", "twinkeel-linger", "twinkeel-linger-at-shutdown")


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Two load balancers that keep connections, one API server."""
    path = tmp_path_factory.mktemp("second-spec") / "twinkeel.yaml"
    path.write_text(SPEC)
    for lab in make_lab("test-second", path):
        ended = lab.run("operator", ["twinkeel", "apply"])
        assert ended.returncode == 0, ended.stderr
        yield lab


def planned_move(lab: Lab, folder: Path) -> dict[str, object]:
    """One trial that is no `unknown`."""
    ended = lab.drill(folder, "planned-switchover", "--budget", BUDGET)
    assert ended.stdout, ended.stderr
    trial: dict[str, object] = json.loads(ended.stdout)
    assert trial["verdict"] == "pass", trial["reasons"]
    return trial


def broken(trial: dict[str, object]) -> dict[str, tuple[int, int]]:
    """Requests that failed and connections that ended from the fault on, of each kind of connection that was kept."""
    streams = trial["streams"]
    assert isinstance(streams, list)
    return {each["stream"]: (each["failed"], each["connections_lost"]) for each in streams if each["stream"] in KEPT}


def refused_or_cut(trial: dict[str, object]) -> dict[str, int]:
    """New requests that failed from the fault on, by error; a timeout is no move's fault where an API server has no processor."""
    streams = trial["streams"]
    assert isinstance(streams, list)
    (new,) = [each for each in streams if each["stream"] == "new"]
    return {error: count for error, count in new["errors"].items() if error != "timeout"}


def test_a_planned_move_breaks_nothing(second: Lab, tmp_path: Path) -> None:
    for number in range(3):
        trial = planned_move(second, tmp_path / str(number))
        assert (refused_or_cut(trial), broken(trial)) == ({}, dict.fromkeys(KEPT, (0, 0)))


def test_a_hung_haproxy_loses_the_virtual_ip_before_it_is_killed(second: Lab, tmp_path: Path) -> None:
    """And the kill does not bring it back."""
    time.sleep(SETTLED)
    ended = second.drill(tmp_path, "haproxy-hang", "--budget", BUDGET)
    trial = json.loads(ended.stdout)
    assert trial["verdict"] == "pass", trial["reasons"]
    assert trial["holder_after"] != trial["holder_before"]
    journal = ["journalctl", "--unit", "twinkeel-liveness", "--output", "cat", "--no-pager"]
    said = second.run(trial["holder_before"], journal).stdout
    yielded, killed = said.rfind("yielding to a peer"), said.rfind("killing haproxy.service")
    assert 0 <= yielded < killed, said
    assert second.run(trial["holder_before"], ["cat", "/run/twinkeel/haproxy-hangs"]).stdout == "0\n"


def test_without_the_rules_the_same_move_breaks_them(second: Lab, tmp_path: Path) -> None:
    """Else the test above would say nothing. The old holder asks, hears nothing, and the move is the plain one."""
    for host in ("lb-1", "lb-2"):
        assert second.run(host, ["systemctl", "stop", "twinkeel-second-chance"]).returncode == 0
    ended = broken(planned_move(second, tmp_path))
    assert sum(count for _, count in ended.values()) > 0, ended
    for host in ("lb-1", "lb-2"):
        assert second.run(host, ["systemctl", "start", "twinkeel-second-chance"]).returncode == 0


def test_it_leaves_nothing_when_it_is_taken_out(second: Lab) -> None:
    spec = second.paths.spec_file
    spec.write_text(spec.read_text().replace("second_chance: true", "second_chance: false"))
    ended = second.run("operator", ["twinkeel", "apply"])
    assert ended.returncode == 0, ended.stderr
    for host in ("lb-1", "lb-2"):
        tables = second.run(host, ["nft", "list", "tables"]).stdout
        assert "second_chance" not in tables
        units = second.run(host, ["sh", "-c", "ls /etc/systemd/system /etc/systemd/system/*.wants"]).stdout
        assert [unit for unit in UNITS if unit in units] == []
        assert second.run(host, ["ls", "/run/twinkeel/lingering.json"]).returncode != 0
