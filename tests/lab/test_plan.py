"""Plan on real hosts: what it says is what apply then does, and after an apply it says nothing."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from labs import Ended, Lab, make_lab

from twinkeel.observe.host_programs.reload_safety import outlives_reload

BALANCERS = ("lb-1", "lb-2")
VIP = "192.168.1.110"
UNITS = ("haproxy", "keepalived", "twinkeel-liveness")
# What keeps connections over planned moves, the default.
KEEPING = ("twinkeel-second-chance", "twinkeel-linger-at-shutdown")
# How a changed file reaches keepalived on hosts with this machine's capabilities: of this process as of all in a lab.
TAKES_IN = "reload" if outlives_reload("keepalived", "MainPID=self") else "restart"


@pytest.fixture(scope="module")
def bare(small_spec: Path) -> Iterator[Lab]:
    yield from make_lab("test-plan", small_spec, "--no-kubernetes")


@pytest.fixture(scope="module")
def first_plan(bare: Lab) -> dict[str, Any]:
    """The plan for bare hosts, made before anything else."""
    return plan(bare, code=1)


@pytest.fixture(scope="module")
def applied(bare: Lab, first_plan: dict[str, Any]) -> Lab:
    apply(bare)
    return bare


def plan(lab: Lab, *argv: str, code: int) -> dict[str, Any]:
    ended = lab.run("operator", ["twinkeel", "plan", "--format", "json", *argv])
    assert ended.returncode == code, ended.stdout + ended.stderr
    made: dict[str, Any] = json.loads(ended.stdout)
    return made


def apply(lab: Lab, *argv: str) -> Ended:
    ended = lab.run("operator", ["twinkeel", "apply", *argv])
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended


def host(made: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in made["hosts"] if each["name"] == name)


def changes(made: dict[str, Any], name: str) -> dict[str, str]:
    return {file["path"]: file["change"] for file in host(made, name)["files"]}


def needed(made: dict[str, Any], name: str) -> dict[str, str]:
    return {unit: action for unit, action in host(made, name)["actions"].items() if action != "none"}


def digests(lab: Lab, name: str, paths: list[str]) -> dict[str, str]:
    said = lab.run(name, ["sh", "-c", f"sha256sum {' '.join(paths)} 2>/dev/null"]).stdout
    return {path: digest for digest, path in (line.split() for line in said.splitlines())}


def services(lab: Lab, name: str) -> dict[str, tuple[str, str]]:
    """For each unit: its process (a restart changes it), and the time of its last reload or start."""
    seen = {}
    for unit in UNITS:
        shown = lab.run(name, ["systemctl", "show", "-p", "MainPID", "-p", "StateChangeTimestampMonotonic", unit]).stdout
        values = dict(line.split("=") for line in shown.split())
        seen[unit] = (values["MainPID"], values["StateChangeTimestampMonotonic"])
    return seen


def done_to(before: tuple[str, str], after: tuple[str, str]) -> str:
    """What was done to a service between two looks."""
    if before == after:
        return "none"
    if before[0] == "0":
        return "start"
    return "reload" if before[0] == after[0] else "restart"


def spoil(lab: Lab, name: str, command: str) -> None:
    ended = lab.run(name, ["sh", "-ec", command])
    assert ended.returncode == 0, ended.stderr


def test_bare_hosts_have_a_plan(first_plan: dict[str, Any]) -> None:
    assert first_plan["drift"] is True
    assert first_plan["trust"] == "bootstrap"
    for name in BALANCERS:
        mine = host(first_plan, name)
        assert set(mine["packages"]) == {"haproxy", "keepalived"}
        assert mine["packages"]["haproxy"].startswith("2.6.")
        assert set(needed(first_plan, name).items()) == {(unit, "start") for unit in (*UNITS, *KEEPING)}
        assert set(changes(first_plan, name).values()) == {"new"}
        assert "/etc/keepalived/keepalived.conf" in changes(first_plan, name)
        diff = next(file["diff"] for file in mine["files"] if file["path"] == "/etc/haproxy/haproxy.cfg")
        assert "+    bind " in diff


def test_the_files_are_those_that_apply_then_wrote(applied: Lab, first_plan: dict[str, Any]) -> None:
    for name in BALANCERS:
        wanted = {}
        for file in host(first_plan, name)["files"]:
            lines = [line[1:] for line in file["diff"].splitlines(keepends=True)[2:] if line.startswith("+")]
            wanted[file["path"]] = hashlib.sha256("".join(lines).encode()).hexdigest()
        assert digests(applied, name, list(wanted)) == wanted


def test_after_an_apply_there_is_no_drift(applied: Lab) -> None:
    made = plan(applied, code=0)
    assert (made["drift"], made["steps"]) == (False, [])
    assert [each["files"] for each in made["hosts"]] == [[], []]
    text = applied.run("operator", ["twinkeel", "plan"])
    assert text.stdout.endswith("no drift: every load balancer is as the spec says\n")


def test_a_plan_changes_nothing(applied: Lab) -> None:
    spoil(applied, "lb-2", "echo '# by hand' >> /etc/haproxy/haproxy.cfg")
    paths = ["/etc/haproxy/haproxy.cfg", "/etc/keepalived/keepalived.conf", "/var/lib/twinkeel/loaded.json"]
    before = [(digests(applied, name, paths), services(applied, name)) for name in BALANCERS]
    made = plan(applied, code=1)
    assert changes(made, "lb-2") == {"/etc/haproxy/haproxy.cfg": "content"}
    assert "-# by hand" in host(made, "lb-2")["files"][0]["diff"]
    assert [(digests(applied, name, paths), services(applied, name)) for name in BALANCERS] == before
    apply(applied)
    plan(applied, code=0)


def test_what_was_said_is_what_apply_did(applied: Lab) -> None:
    """Different trouble on each host: files, services and order come out as the plan said."""
    holder = next(name for name in BALANCERS if VIP in applied.run(name, ["ip", "-o", "-4", "address"]).stdout)
    standby = next(name for name in BALANCERS if name != holder)
    spoil(applied, holder, "echo '# by hand' >> /etc/haproxy/haproxy.cfg; chmod 0600 /etc/tmpfiles.d/twinkeel.conf")
    spoil(
        applied,
        standby,
        "echo '# by hand' >> /etc/systemd/system/haproxy.service.d/twinkeel.conf; rm /etc/keepalived/keepalived.conf; "
        "systemctl stop twinkeel-liveness",
    )
    made = plan(applied, code=1)
    assert made["order"] == [standby, holder]
    assert changes(made, holder) == {"/etc/haproxy/haproxy.cfg": "content", "/etc/tmpfiles.d/twinkeel.conf": "attributes"}
    assert needed(made, holder) == {"haproxy": "reload"}
    assert set(changes(made, standby).values()) == {"content", "new"}
    assert needed(made, standby) == {"haproxy": "restart", "keepalived": TAKES_IN, "twinkeel-liveness": "start"}
    assert any(f"from {holder} to {standby}" in step for step in made["steps"])

    before = {name: services(applied, name) for name in BALANCERS}
    said = apply(applied)
    for name in BALANCERS:
        after = services(applied, name)
        happened = {unit: done_to(before[name][unit], after[unit]) for unit in UNITS}
        assert {unit: action for unit, action in happened.items() if action != "none"} == needed(made, name)
    order = re.search(r"order: (\S+), (\S+)", said.stderr)
    assert order is None or [order[1].strip(","), order[2]] == made["order"]
    plan(applied, code=0)


def test_a_file_that_says_it_is_ours_is_told(applied: Lab) -> None:
    spoil(applied, "lb-1", "echo '# Written by Twinkeel from another cluster' > /etc/sysctl.d/90-old.conf")
    made = plan(applied, code=1)
    assert changes(made, "lb-1") == {"/etc/sysctl.d/90-old.conf": "left over"}
    spoil(applied, "lb-1", "rm /etc/sysctl.d/90-old.conf")
    plan(applied, code=0)


def test_a_host_that_is_off_is_told_and_the_other_is_planned(applied: Lab) -> None:
    spoil(applied, "lb-1", "chmod 0600 /etc/haproxy/haproxy.cfg")
    applied.command("power-off", "lb-2")
    try:
        made = plan(applied, code=3)
    finally:
        applied.command("power-on", "lb-2")
    assert host(made, "lb-2")["problem"]
    assert changes(made, "lb-1") == {"/etc/haproxy/haproxy.cfg": "attributes"}
    spoil(applied, "lb-1", "chmod 0644 /etc/haproxy/haproxy.cfg")


def test_an_invalid_spec_is_exit_code_2(applied: Lab, tmp_path: Path) -> None:
    (tmp_path / "twinkeel.yaml").write_text("name: 1\n")
    assert applied.run("operator", ["twinkeel", "plan", "-f", str(tmp_path / "twinkeel.yaml")]).returncode == 2
