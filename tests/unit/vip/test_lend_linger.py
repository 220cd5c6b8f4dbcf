"""A holder that has nothing to linger with gets it for one move, under /run, and loses it afterwards."""

import asyncio
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from twinkeel.hosts.executor import CommandResult
from twinkeel.render.second_chance import CONFIG_PATH, LINGER_UNIT, render_second_chance
from twinkeel.render.systemd import LINGER_PROGRAM
from twinkeel.topology.model import Machine, Topology
from twinkeel.vip.lend_linger import LENT_COMMAND, LENT_CONFIG, LENT_PROGRAM, lend_linger, take_back_linger
from twinkeel.vip.steering import keep_connections, steer

Build = Callable[..., Topology]
WITH_SECOND_CHANCE = ("profile: fast", "profile: fast, second_chance: true")


class Hosts:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.said: list[tuple[str, ...]] = []

    async def change(self, machine: Machine, argv: Sequence[str], *, timeout: float = 1) -> CommandResult:
        self.said.append(tuple(argv))
        return CommandResult(machine.name, tuple(argv), 0, "", "")


def lent_by(topology: Topology) -> list[tuple[str, ...]]:
    hosts = Hosts()
    asyncio.run(lend_linger(hosts, topology, topology.load_balancers[0]))  # type: ignore[arg-type]
    return hosts.said


def test_it_is_the_program_of_its_own_files(build_edited: Build) -> None:
    topology = build_edited(WITH_SECOND_CHANCE)
    said = lent_by(topology)
    rendered = {file.path: file.content for file in render_second_chance(topology, topology.load_balancers[0])}
    given = {argv[-2]: argv[-1] for argv in said if argv[0] == "sh"}
    assert given[LENT_PROGRAM] == rendered[LINGER_PROGRAM]
    assert given[LENT_CONFIG] == rendered[CONFIG_PATH]
    unit = given[f"/run/systemd/system/{LINGER_UNIT}"]
    assert f"ExecStart={LENT_COMMAND} linger" in unit
    assert f"ExecStopPost={LENT_COMMAND} clean" in unit
    assert said[-1] == ("systemctl", "daemon-reload")


def test_nothing_is_lent_where_the_spec_does_not_ask_for_it(build_edited: Build) -> None:
    assert lent_by(build_edited(("profile: fast", "profile: fast, second_chance: false"))) == []


def test_all_of_it_is_taken_back(build_edited: Build) -> None:
    topology, hosts = build_edited(WITH_SECOND_CHANCE), Hosts()
    asyncio.run(take_back_linger(hosts, topology.load_balancers[0]))  # type: ignore[arg-type]
    gone = hosts.said[0]
    for argv in lent_by(topology):
        if argv[0] == "sh":
            assert any(argv[-2] == path or argv[-2].startswith(f"{path}/") for path in gone), argv[-2]


def test_the_shell_finds_the_hosts_own_program_first_and_then_the_lent_one(tmp_path: Path) -> None:
    own, lent, noted = tmp_path / "own", tmp_path / "lent.py", tmp_path / "noted"
    note = f"open({str(noted)!r}, 'a').write(__file__ + ' ' + sys.argv[-1] + '\\n')"
    lent.write_text(f"import sys\n{note}\n")

    def run() -> str:
        noted.write_text("")
        for argv in (keep_connections(), steer("standby", standby=True)):
            script = (
                argv[2].replace(LINGER_PROGRAM, str(own)).replace(LENT_PROGRAM, str(lent)).replace("/usr/bin/python3", "python3")
            )
            subprocess.run(["sh", "-c", script, "sh", str(tmp_path / "run" / "standby"), "1"], check=True)
        return noted.read_text()

    assert run() == f"{lent} begin\n" * 2
    own.write_text(f"#!/usr/bin/env python3\nimport sys\n{note}\n")
    own.chmod(0o755)
    assert run() == f"{own} begin\n" * 2
    own.unlink()
    lent.unlink()
    assert run() == ""
    assert (tmp_path / "run" / "standby").read_text() == "1\n"
