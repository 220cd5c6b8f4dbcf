"""Draining an API server on real load balancers: it stays out over reloads, restarts and changes, and comes back."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from labs import TWINKEEL, Ended, Lab

BALANCERS = ("lb-1", "lb-2")
VIP = "192.168.1.110"

# Holds one connection through the virtual IP open for as long as it lives, and says when it stands.
HOLD = """
import socket, sys
connection = socket.create_connection((sys.argv[1], 6443), timeout=60)
print("stands", flush=True)
connection.settimeout(None)
print("ended" if not connection.recv(1) else "data", flush=True)
"""


def good(ended: Ended) -> Ended:
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended


def operator(lab: Lab, *argv: str) -> Ended:
    return lab.run("operator", ["twinkeel", *argv])


def backends(lab: Lab) -> list[dict[str, str]]:
    shown = json.loads(operator(lab, "status", "--format", "json").stdout)
    return [{backend["name"]: backend["status"] for backend in balancer["backends"]} for balancer in shown["load_balancers"]]


def wait_for(lab: Lab, name: str, status: str) -> None:
    end = time.monotonic_ns() + 200_000_000_000
    while [each.get(name) for each in backends(lab)] != [status] * 2:
        assert time.monotonic_ns() < end, backends(lab)


@pytest.fixture(scope="module")
def applied(api_lab: Lab) -> Lab:
    good(operator(api_lab, "apply"))
    return api_lab


@pytest.fixture
def drained(applied: Lab) -> Iterator[Lab]:
    good(operator(applied, "drain", "master-2", "--timeout", "1", "--force"))
    yield applied
    good(operator(applied, "undrain", "master-2"))
    assert all(each["master-2"] == "UP" for each in backends(applied))


def test_a_drained_api_server_stays_out(drained: Lab, tmp_path: Path) -> None:
    assert [each["master-2"] for each in backends(drained)] == ["MAINT", "MAINT"]
    good(drained.run("lb-1", ["systemctl", "reload", "haproxy"]))
    good(drained.run("lb-2", ["systemctl", "restart", "haproxy"]))
    wait_for(drained, "master-2", "MAINT")
    # A crash is a start of its own.
    good(drained.run("lb-1", ["systemctl", "kill", "--signal=KILL", "haproxy"]))
    wait_for(drained, "master-2", "MAINT")
    # It is no drift, and a change of the files does not bring it back.
    good(operator(drained, "plan"))
    text = drained.paths.spec_file.read_text()
    (tmp_path / "twinkeel.yaml").write_text(f"{text}failover: {{profile: steady}}\n")
    good(operator(drained, "apply", "-f", str(tmp_path / "twinkeel.yaml")))
    wait_for(drained, "master-2", "MAINT")
    good(operator(drained, "apply"))
    wait_for(drained, "master-2", "MAINT")


def test_status_says_that_it_was_done_on_purpose(drained: Lab) -> None:
    ended = operator(drained, "status")
    assert "master-2 is drained on purpose (MAINT): `twinkeel undrain master-2` puts it back" in ended.stdout


def test_old_connections_go_on_until_they_are_ended(applied: Lab) -> None:
    # As many connections as it takes for leastconn to put some on each API server.
    holders = [
        subprocess.Popen(
            [TWINKEEL, "lab", "exec", "--name", applied.name, "client", "--", sys.executable, "-c", HOLD, VIP],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(9)
    ]
    try:
        for each in holders:
            assert each.stdout is not None
            assert each.stdout.readline() == "stands\n"
        ended = operator(applied, "drain", "master-2", "--timeout", "1", "--format", "json")
        lines = [json.loads(line) for line in ended.stdout.splitlines()]
        assert ended.returncode == 1, ended.stdout
        assert (lines[-1]["event"], lines[-1]["state"]) == ("result", "draining")
        assert lines[-1]["connections"] >= 1
        assert all(each.poll() is None for each in holders)
        assert [each["master-2"] for each in backends(applied)] == ["DRAIN", "DRAIN"]
        good(operator(applied, "drain", "master-2", "--timeout", "0", "--force"))
        assert [each["master-2"] for each in backends(applied)] == ["MAINT", "MAINT"]
    finally:
        for each in holders:
            each.terminate()
            each.wait()
        good(operator(applied, "undrain", "master-2"))


def test_too_few_would_be_left(drained: Lab) -> None:
    ended = operator(drained, "drain", "master-1")
    assert ended.returncode == 2
    assert "only 1 of 3 API servers would be up: master-3" in ended.stderr
    assert [each["master-1"] for each in backends(drained)] == ["UP", "UP"]


def test_a_load_balancer_that_cannot_be_reached_stops_it_before_anything_changes(applied: Lab) -> None:
    applied.command("cut", "lb-2")
    try:
        ended = operator(applied, "drain", "master-2")
    finally:
        applied.command("heal", "lb-2")
    assert ended.returncode == 3
    assert "lb-2" in ended.stderr
    assert backends(applied)[0]["master-2"] == "UP"
