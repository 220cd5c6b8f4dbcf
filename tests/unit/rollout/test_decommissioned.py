"""A load balancer that left the spec and still runs Keepalived stops an apply before anything is changed."""

import asyncio
from collections.abc import Sequence
from ipaddress import ip_address

import pytest

from twinkeel.bench.configurations import CONFIGURATIONS, Configuration
from twinkeel.bench.peer_files import peer_files
from twinkeel.errors import HostError, VerificationError
from twinkeel.hosts.executor import CommandResult
from twinkeel.render.keepalived import CONFIG_PATH
from twinkeel.rollout.decommissioned import decommissioned_peers, require_stopped
from twinkeel.topology.model import Machine, Topology
from twinkeel.vip.backend import LiveSettings
from twinkeel.vip.balancer_state import BalancerState
from twinkeel.vip.keepalived.live_file import unicast_peers


def observed(*known: str) -> dict[str, BalancerState]:
    return {"lb-1": BalancerState("lb-1", (), True, True, False, False, 3, LiveSettings("standby", frozenset(), frozenset(known)))}


class Hosts:
    """`says` is what systemctl answers; None for a host that cannot be reached."""

    def __init__(self, says: str | None) -> None:
        self.says = says
        self.asked: list[str] = []

    async def run(self, machine: Machine, argv: Sequence[str], *, timeout: float = 1) -> CommandResult:
        self.asked.append(str(machine.address))
        if self.says is None:
            raise HostError("no route")
        return CommandResult(machine.name, tuple(argv), 0 if self.says == "active" else 3, f"{self.says}\n", "")


def refuse(topology: Topology, hosts: Hosts, *known: str) -> tuple[str, ...]:
    return asyncio.run(require_stopped(hosts, topology, observed(*known)))  # type: ignore[arg-type]


def test_who_left_is_named_by_the_live_files_alone(lab_home_topology: Topology) -> None:
    known = observed("192.168.1.111", "192.168.1.112", "192.168.1.113", "192.168.1.110", "fd00::9")
    assert decommissioned_peers(lab_home_topology, known) == (ip_address("192.168.1.113"), ip_address("fd00::9"))
    assert decommissioned_peers(lab_home_topology, observed("192.168.1.111", "192.168.1.112")) == ()


@pytest.mark.parametrize(
    "configuration", [each for each in CONFIGURATIONS if not each.id.startswith("twinkeel")], ids=lambda each: each.id
)
def test_no_file_of_others_makes_the_virtual_ip_or_a_router_a_load_balancer_that_left(
    lab_home_topology: Topology, configuration: Configuration
) -> None:
    first = lab_home_topology.load_balancers[0]
    written = next(file.content for file in peer_files(configuration, lab_home_topology, first) if file.path == CONFIG_PATH)
    assert decommissioned_peers(lab_home_topology, observed(*unicast_peers(written))) == ()


def test_peers_are_read_as_keepalived_reads_them() -> None:
    config = """
    vrrp_instance a {
      virtual_ipaddress { 192.0.2.100 }
      unicast_src_ip 192.0.2.1
      unicast_peer
      {
        192.0.2.2 min_ttl 255 max_ttl 255
        # 192.0.2.3
        2001:DB8::4 ! the third one
      }
      virtual_routes { 0.0.0.0/0 via 192.0.2.254 }
    }"""
    assert unicast_peers(config) == {"192.0.2.2", "2001:db8::4"}


def test_one_that_still_runs_stops_everything(lab_home_topology: Topology) -> None:
    with pytest.raises(VerificationError, match=r"192\.168\.1\.113 is no load balancer in the spec any more") as caught:
        refuse(lab_home_topology, Hosts("active"), "192.168.1.113")
    assert "systemctl disable --now keepalived" in caught.value.hint


def test_one_that_was_stopped_is_fine(lab_home_topology: Topology) -> None:
    hosts = Hosts("inactive")
    assert refuse(lab_home_topology, hosts, "192.168.1.111", "192.168.1.113") == ()
    assert hosts.asked == ["192.168.1.113"]


def test_one_that_cannot_be_asked_is_warned_of(lab_home_topology: Topology) -> None:
    (line,) = refuse(lab_home_topology, Hosts(None), "192.168.1.113")
    assert "cannot be reached" in line
