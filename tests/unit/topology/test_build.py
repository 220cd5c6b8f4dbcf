"""What the spec means: names, priorities, peers, VRIDs, paths."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinkeel.topology.build import HEALTH_TIMERS, USABLE_VRIDS, virtual_router_id
from twinkeel.topology.model import Topology

Build = Callable[..., Topology]


def test_hosts_keep_the_order_of_the_spec_and_get_their_full_names(lab_home_topology: Topology) -> None:
    assert [machine.fqdn for machine in lab_home_topology.machines] == [
        "lb-1.lab-home.com",
        "lb-2.lab-home.com",
        "master-1.lab-home.com",
        "master-2.lab-home.com",
        "master-3.lab-home.com",
        "worker-1.lab-home.com",
        "worker-2.lab-home.com",
    ]
    assert [machine.role for machine in lab_home_topology.machines] == ["load_balancer"] * 2 + ["control_plane"] * 3 + [
        "worker"
    ] * 2


def test_every_load_balancer_has_the_others_as_peers_and_a_priority_of_its_own(build_edited: Build) -> None:
    topology = build_edited(("lb-2: 192.168.1.112", "lb-2: 192.168.1.112\n  lb-3: 192.168.1.113"))
    instances = [balancer.instances[0] for balancer in topology.load_balancers]
    assert [instance.priority for instance in instances] == [254, 253, 252]
    assert [str(instance.source) for instance in instances] == ["192.168.1.111", "192.168.1.112", "192.168.1.113"]
    for instance in instances:
        assert set(instance.peers) == {other.source for other in instances} - {instance.source}
    assert len({instance.vrid for instance in instances}) == 1


def test_the_order_of_the_spec_decides_the_priorities(build_edited: Build) -> None:
    swapped = build_edited(("lb-1: 192.168.1.111\n  lb-2: 192.168.1.112", "lb-2: 192.168.1.112\n  lb-1: 192.168.1.111"))
    assert [(lb.machine.name, lb.instances[0].priority) for lb in swapped.load_balancers] == [("lb-2", 254), ("lb-1", 253)]


def test_the_vrid_is_the_same_in_every_run() -> None:
    """A changed VRID would make an apply move two live load balancers apart."""
    assert virtual_router_id("lab-home", IPv4Interface("192.168.1.110/24")) == 121
    assert virtual_router_id("lab-home", IPv4Interface("192.168.1.110/16")) == 121


@given(st.text(max_size=63), st.ip_addresses(v=4))
def test_a_vrid_is_valid_and_none_that_examples_use(name: str, address: IPv4Address) -> None:
    vrid = virtual_router_id(name, IPv4Interface(f"{address}/24"))
    assert 2 <= vrid <= 255
    assert vrid != 51


def test_clusters_spread_over_the_vrids() -> None:
    used = {virtual_router_id(f"cluster-{number}", IPv4Interface("10.0.0.1/24")) for number in range(3000)}
    assert used == set(USABLE_VRIDS)


def test_profiles(build_edited: Build) -> None:
    fast, steady = build_edited(), build_edited(("profile: fast", "profile: steady"))
    assert fast.load_balancers[0].instances[0].advert_interval == 0.1
    assert steady.load_balancers[0].instances[0].advert_interval == 1.0
    assert fast.timers == HEALTH_TIMERS["fast"]
    assert steady.timers == HEALTH_TIMERS["steady"]


def test_a_hosts_own_settings_win(build_edited: Build) -> None:
    topology = build_edited(
        ("lb-1: 192.168.1.111", "lb-1: {address: 192.168.1.111, interface: ens3, ssh_user: admin, ssh_port: 2222}"),
        ("ssh: {user: root}", "interface: bond0"),
    )
    first, second = (balancer.machine for balancer in topology.load_balancers)
    assert (first.interface, first.ssh.user, first.ssh.port) == ("ens3", "admin", 2222)
    assert (second.interface, second.ssh.user, second.ssh.port) == ("bond0", "root", 22)
    assert topology.load_balancers[0].instances[0].interface == "ens3"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("keys/id", "/srv/cluster/keys/id"),
        ("/root/id", "/root/id"),
        ("~/id", str(Path.home() / "id")),
        ("../id", "/srv/cluster/../id"),
    ],
)
def test_paths_are_relative_to_the_spec(build_edited: Build, written: str, expected: str) -> None:
    topology = build_edited(("ssh: {user: root}", f"ssh: {{identity_file: {written}}}"))
    assert {machine.ssh.identity_file for machine in topology.machines} == {expected}
    assert {machine.ssh.known_hosts_file for machine in topology.machines} == {None}


def test_power_commands_and_defaults_pass_through(build_edited: Build) -> None:
    topology = build_edited(("ssh: {user: root}", "power: {off: 'bmc {host} off', on: 'bmc {host} on'}"))
    assert topology.power is not None
    assert (topology.power.off, topology.power.on) == ("bmc {host} off", "bmc {host} on")
    assert str(topology.cluster.pod_network) == "10.233.64.0/18"
    assert topology.cluster.api_port == 6443
