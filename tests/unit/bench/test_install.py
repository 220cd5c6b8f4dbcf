"""The order in which another's configuration is put on, and what is told when that fails. The lab tests do it on real hosts."""

import asyncio
import json
import subprocess
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from twinkeel.bench import install
from twinkeel.bench.configurations import find_configuration
from twinkeel.errors import HostError, UsageError
from twinkeel.hosts.executor import DEFAULT_TIMEOUT, CommandResult
from twinkeel.render.render import render
from twinkeel.topology.model import Machine, Topology

NAMES = {install._MOVE_ASIDE: "aside", install._BRING_BACK: "back", install._WRITE: "write", install._VALIDATE: "judge"}


@dataclass
class Hosts:
    """Records what is done where; `failing` maps a step to what it says on lb-2."""

    failing: dict[str, str] = field(default_factory=dict)
    programs: bool = True
    done: list[tuple[str, str]] = field(default_factory=list)
    written: dict[str, list[str]] = field(default_factory=dict)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Hosts"]:
        yield self

    async def run(self, machine: Machine, argv: Sequence[str], *, timeout: float = DEFAULT_TIMEOUT) -> CommandResult:
        if "command -v" in argv[-1]:
            return CommandResult(machine.name, tuple(argv), 0 if self.programs else 127, "", "")
        return await self.change(machine, argv)

    async def change(self, machine: Machine, argv: Sequence[str], *, timeout: float = DEFAULT_TIMEOUT) -> CommandResult:
        step = argv[-1] if argv[2:3] == (install._START,) else NAMES.get(argv[2] if len(argv) > 2 else "", argv[0])
        self.done.append((machine.name, step))
        if step == "write":
            self.written[machine.name] = [path for path, _, _ in json.loads(argv[3])]
        bad = machine.name == "lb-2" and step in self.failing
        said = "keepalived -t ends with 6\n" if step == "judge" else ""
        return CommandResult(machine.name, tuple(argv), int(bad), said, self.failing.get(step, "") if bad else "")

    async def read_file(self, machine: Machine, path: str) -> bytes:
        raise AssertionError(path)

    def stream(self, machine: Machine, argv: Sequence[str]) -> AsyncGenerator[str, None]:
        raise AssertionError(argv)


def test_every_host_is_cleared_before_any_is_started(lab_home_topology: Topology) -> None:
    hosts = Hosts()
    said = asyncio.run(install.put_peer(hosts.open, lab_home_topology, find_configuration("seed")))
    assert said == ("keepalived -t ends with 6",)
    both = ("lb-1", "lb-2")
    steps = [*((host, "aside") for host in both), *((host, "write") for host in both), ("lb-1", "judge")]
    assert hosts.done == [*steps, *((host, step) for step in ("haproxy", "keepalived") for host in both)]
    assert hosts.written["lb-2"] == [
        "/etc/haproxy/haproxy.cfg",
        "/etc/keepalived/keepalived.conf",
        "/etc/keepalived/check_apiserver.sh",
    ]


def test_a_host_that_lacks_the_checks_program_is_left_alone(lab_home_topology: Topology) -> None:
    hosts = Hosts(programs=False)
    with pytest.raises(UsageError, match="seed's check needs curl"):
        asyncio.run(install.put_peer(hosts.open, lab_home_topology, find_configuration("seed")))
    assert hosts.done == []


def test_a_service_that_does_not_start_is_told_in_one_line(lab_home_topology: Topology) -> None:
    hosts = Hosts(failing={"haproxy": "Job failed.\n[ALERT] Cannot raise FD limit\n"})
    with pytest.raises(HostError) as refused:
        asyncio.run(install.put_peer(hosts.open, lab_home_topology, find_configuration("k0s")))
    assert (refused.value.what, refused.value.where) == ("starting haproxy failed: [ALERT] Cannot raise FD limit", "lb-2")
    assert ("lb-1", "keepalived") not in hosts.done


def test_bringing_back_is_done_on_every_host(lab_home_topology: Topology) -> None:
    hosts = Hosts()
    asyncio.run(install.bring_back(hosts.open, lab_home_topology))
    assert [each for each in hosts.done if each[1] == "back"] == [("lb-1", "back"), ("lb-2", "back")]
    assert asyncio.run(install.peer_is_there(hosts.open, lab_home_topology))


@pytest.mark.parametrize("script", [install._MOVE_ASIDE, install._BRING_BACK, install._START, install._VALIDATE])
def test_scripts_are_shell(script: str) -> None:
    assert subprocess.run(["sh", "-n"], input=script, text=True, check=False).returncode == 0


def test_the_judge_tells_each_daemons_complaint() -> None:
    """With the daemons of this machine replaced by ones that say a known thing: only the script's reading is tested."""
    daemons = """
    haproxy() { echo '[WARNING] one'; echo '[WARNING] two'; }
    keepalived() { echo 'first'; echo 'SECURITY VIOLATION'; return 6; }
    """
    said = subprocess.run(["sh", "-c", daemons + install._VALIDATE], capture_output=True, text=True, check=False).stdout
    assert said.splitlines() == ["haproxy -c warns 2 times", "keepalived -t ends with 6: SECURITY VIOLATION"]


def test_nothing_of_ours_that_moves_virtual_ips_stays_while_another_is_on(lab_home_topology: Topology) -> None:
    """Theirs is compared without our help: neither our rules nor what a shutdown or a planned move would run."""
    ours = {file.path for files in render(lab_home_topology).hosts.values() for file in files}
    left = {path for path in ours if not path.startswith(install.OURS)}
    programs = {f"/usr/local/lib/twinkeel/{name}" for name in ("haproxy-liveness", "haproxy-servers", "haproxy-connections")}
    assert left == {"/etc/tmpfiles.d/twinkeel.conf", *programs}, "nothing starts these without a unit"
