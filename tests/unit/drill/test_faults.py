"""The registry: documentation that is not missing, names that are the command line's own, power commands without a shell."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from twinkeel.cli.load import load_topology
from twinkeel.drill import rogue_vrrp_router
from twinkeel.drill.active_fault import read_active_fault, scene_of, write_active_fault
from twinkeel.drill.external_commands import run_external_command
from twinkeel.drill.fault import Fault, Scene
from twinkeel.drill.faults.registry import DEFAULT, FAULTS, find_fault
from twinkeel.drill.prerequisites import missing, require
from twinkeel.errors import ToolError, UsageError, VerificationError
from twinkeel.hosts.executor import Writer
from twinkeel.topology.model import Machine, Topology
from twinkeel.topology.settings import LinkControl, PowerControl

EXAMPLE = Path(__file__).parents[3] / "examples" / "lab-home.yaml"

BENCHMARKS = Path(__file__).parents[3] / "docs" / "benchmarks.md"
# Of the table of faults that have a target: fault, median, 95th percentile, maximum.
_MEASURED = re.compile(r"\| ([a-z-]+) \| \d+ \| \d+ \| (\d+) \|")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_each_fault_is_documented(fault: Fault) -> None:
    for text in (fault.does, fault.why, fault.heals, fault.expect):
        assert re.match(r"([A-Z`]|etcd|systemd).{10,}\.$", text), text
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", fault.id)
    assert bool(fault.evidence) != bool(fault.proof), "one proof that the fault really happened"


def test_budgets_are_above_all_that_was_measured_and_not_out_of_sight() -> None:
    measured = {name: int(most) for name, most in _MEASURED.findall(BENCHMARKS.read_text())}
    budgets = {fault.id: fault.budget_ms for fault in FAULTS}
    assert len(measured) >= 10
    for name, most in measured.items():
        assert most <= budgets[name] <= 20 * most, (name, most, budgets[name])


def test_the_default_is_the_two_tests_of_a_careful_person_and_the_power() -> None:
    assert [find_fault(name).id for name in DEFAULT] == ["reboot-holder", "haproxy-stop", "power-loss"]


def test_an_unknown_scenario_lists_those_there_are() -> None:
    with pytest.raises(UsageError) as caught:
        find_fault("fire")
    assert all(fault.id in caught.value.hint for fault in FAULTS)


def shrunk(balancers: int, masters: int, *, shared: bool = False) -> Topology:
    """The example with so many load balancers and masters; `shared`: etcd runs on the load balancers' machines."""
    whole = load_topology(EXAMPLE)
    few = whole.load_balancers[:balancers]
    etcd = tuple(each.machine for each in few) if shared else whole.etcd[:masters]
    power, link = PowerControl("off {host}", "on {host}"), LinkControl("cut {host}", "restore {host}")
    return replace(whole, load_balancers=few, control_plane=whole.control_plane[:masters], etcd=etcd, power=power, link=link)


def refused(topology: Topology) -> set[str]:
    return {fault.id for fault in FAULTS if any(missing(need, topology) for need in fault.prerequisites if need != "root here")}


OF_BGP = {"frr-stop", "bgpd-kill", "bgp-session-flap", "router-power-loss"}


def test_what_cannot_be_survived_is_not_offered() -> None:
    assert refused(shrunk(2, 3)) == OF_BGP
    alone = refused(shrunk(1, 3))
    assert {"reboot-holder", "haproxy-stop", "power-loss", "haproxy-hang", "keepalived-kill", "link-cut"} <= alone
    assert alone.isdisjoint({"api-server-kill", "cpu-saturation", "control-plane-power-loss"})
    assert {"api-server-stop", "api-server-hang", "api-server-slow", "control-plane-power-loss"} <= refused(shrunk(2, 1))
    # A load balancer that is half of etcd may lose a program, not its power.
    halves = refused(shrunk(2, 3, shared=True))
    assert {"power-loss", "reboot-holder", "link-flap", "both-balancers-rebooted"} <= halves
    assert halves.isdisjoint({"haproxy-kill", "planned-switchover"})


def test_with_bgp_faults_of_vrrp_are_refused_with_the_reason_and_the_other_way_round() -> None:
    power, link = PowerControl("off {host}", "on {host}"), LinkControl("cut {host}", "restore {host}")
    announcing = replace(load_topology(EXAMPLE.parent / "lab-bgp.yaml"), power=power, link=link)
    of_vrrp = {fault.id for fault in FAULTS if "VRRP" in fault.prerequisites}
    assert of_vrrp == {
        *("keepalived-stop", "keepalived-kill", "keepalived-hang"),
        *("vrrp-process-kill", "vrrp-stranger", "balancers-partitioned"),
    }
    assert refused(announcing) == of_vrrp | {"router-power-loss"}
    with pytest.raises(UsageError, match="keepalived-kill breaks VRRP, and this cluster announces its virtual IPs by BGP"):
        require("VRRP", "keepalived-kill", announcing)
    with pytest.raises(UsageError, match="bgpd-kill breaks BGP, and this cluster has its virtual IPs by VRRP"):
        require("BGP", "bgpd-kill", load_topology(EXAMPLE))
    assert announcing.bgp is not None
    second = replace(announcing.bgp.routers[0], address=announcing.control_plane[0].address)
    two = replace(announcing, bgp=replace(announcing.bgp, routers=(*announcing.bgp.routers, second)))
    assert "router-power-loss" not in refused(two)


def test_power_commands_of_the_command_line_are_in_the_note_of_what_is_broken(tmp_path: Path) -> None:
    """Whoever heals after the drill was killed has not its command line."""
    whole = load_topology(EXAMPLE)
    holder = whole.load_balancers[0].machine
    scene = Scene(replace(whole, power=PowerControl("off {host}", "on {host}")), holder, holder, no_hosts)
    write_active_fault(tmp_path, find_fault("power-loss"), scene)
    note = read_active_fault(tmp_path, whole.name)
    assert note is not None
    assert scene_of(note, whole, no_hosts).topology.power == PowerControl("off {host}", "on {host}")


def no_hosts() -> AbstractAsyncContextManager[Writer]:
    raise AssertionError("nothing is asked here")


def power(command: str) -> None:
    asyncio.run(run_external_command(command, "lb-1"))


def test_a_power_command_gets_the_host_and_no_shell(tmp_path: Path) -> None:
    power(f"touch '{tmp_path}/{{host}} $(date) ; x'")
    assert [path.name for path in tmp_path.iterdir()] == ["lb-1 $(date) ; x"]


def test_a_power_command_that_fails_says_what_it_said() -> None:
    with pytest.raises(ToolError, match="ended with 3: no such outlet"):
        power("sh -c 'echo no such outlet >&2; exit 3'")


def test_a_missing_power_program_is_named() -> None:
    with pytest.raises(ToolError) as caught:
        power("/nonexistent/ipmitool {host}")
    assert caught.value.where == "/nonexistent/ipmitool lb-1"


def test_a_power_command_is_finished_even_when_the_drill_is_interrupted(tmp_path: Path) -> None:
    began, go, flag = tmp_path / "began", tmp_path / "go", tmp_path / "done"
    script = f"touch {began}; while [ ! -e {go} ]; do sleep 0.02; done; touch {flag}"

    async def interrupted() -> None:
        task = asyncio.create_task(run_external_command(f'sh -c "{script}"', "lb-1"))
        while not began.exists():
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.sleep(0)
        go.touch()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(interrupted())
    assert flag.exists()


def test_a_strangers_advertisement_is_a_valid_one() -> None:
    """Byte for byte as RFC 9568, section 5.2 draws it; the checksum over pseudo-header and packet comes out as 0."""
    packet = rogue_vrrp_router.advertisement(77, "192.168.1.110", "192.168.1.9", "224.0.0.18")
    assert packet[:6] == bytes([0x31, 77, 255, 1, 0, 10])
    assert packet[8:] == bytes([192, 168, 1, 110])
    pseudo = bytes([192, 168, 1, 9, 224, 0, 0, 18, 0, 112, 0, len(packet)])
    assert rogue_vrrp_router.checksum(pseudo + packet) == 0


@pytest.mark.parametrize("said", ["seen", "nothing"])
def test_a_stranger_whose_packets_never_arrived_proves_nothing(
    lab_home_topology: Topology, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    claimed: list[int] = []

    class Listening:
        async def stream(self, machine: Machine, argv: Sequence[str]) -> AsyncGenerator[str, None]:
            yield "listening\n"
            assert claimed, "nothing was sent yet"
            yield f"{said}\n"

    @asynccontextmanager
    async def opened() -> AsyncIterator[Listening]:
        yield Listening()

    def claim(vrid: int, *_: object) -> int:
        claimed.append(vrid)
        return 1

    async def inject() -> None:
        holder = lab_home_topology.load_balancers[0].machine
        await find_fault("vrrp-stranger").inject(Scene(lab_home_topology, holder, holder, opened))  # type: ignore[arg-type]

    monkeypatch.setattr(rogue_vrrp_router, "claim", claim)
    monkeypatch.setattr(rogue_vrrp_router, "own_address", lambda _: "192.168.1.9")
    if said == "seen":
        asyncio.run(inject())
        return
    with pytest.raises(VerificationError, match="never arrived"):
        asyncio.run(inject())
