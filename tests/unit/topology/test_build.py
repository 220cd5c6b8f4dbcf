"""What the spec means: names, priorities, peers, VRIDs, paths."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinkeel.spec.model import VirtualIp
from twinkeel.topology.model import Topology
from twinkeel.topology.profiles import HEALTH_TIMERS
from twinkeel.topology.vrrp_numbers import USABLE_VRIDS, priority, virtual_router_ids

Build = Callable[..., Topology]


def virtual_router_id(cluster: str, vip: IPv4Interface) -> int:
    return virtual_router_ids(cluster, [VirtualIp(address=vip)])[0]


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


def vips(count: int) -> list[VirtualIp]:
    return [VirtualIp(address=IPv4Interface(f"10.0.{number // 250}.{number % 250 + 1}/16")) for number in range(count)]


@given(st.text(max_size=20), st.integers(1, 100), st.integers(1, 100))
def test_virtual_ips_that_are_added_renumber_no_other(name: str, before: int, added: int) -> None:
    grown = virtual_router_ids(name, vips(before + added))
    assert grown[:before] == virtual_router_ids(name, vips(before))
    assert len(set(grown)) == before + added


def test_a_vrid_that_is_given_is_taken_and_kept_from_the_others() -> None:
    derived = virtual_router_ids("lab", vips(1))[0]
    given_it = [*vips(1), VirtualIp(address=IPv4Interface("10.0.9.9/16"), vrid=derived)]
    first, second = virtual_router_ids("lab", given_it)
    assert second == derived
    assert first != derived


@given(st.integers(1, 32), st.integers(0, 31))
def test_priorities_of_one_virtual_ip_differ_and_stay_near_the_top(balancers: int, vip: int) -> None:
    priorities = [priority(balancer, vip) for balancer in range(balancers)]
    assert len(set(priorities)) == balancers
    assert all(223 <= each <= 254 for each in priorities)


@pytest.mark.parametrize("balancers", [2, 3, 4, 5, 8])
def test_every_load_balancer_is_first_choice_of_some_virtual_ip(balancers: int) -> None:
    first_choices = {max(range(balancers), key=lambda each, vip=vip: priority(each, vip)) for vip in range(balancers)}
    assert first_choices == set(range(balancers))


def test_several_virtual_ips_are_shared_out_and_come_home(build_edited: Build) -> None:
    topology = build_edited(("vip: 192.168.1.110/24", "vips: [192.168.1.110/24, 192.168.1.109/24]"))
    table = {lb.machine.name: {str(each.vip.ip): each.priority for each in lb.instances} for lb in topology.load_balancers}
    assert table == {
        "lb-1": {"192.168.1.110": 254, "192.168.1.109": 253},
        "lb-2": {"192.168.1.110": 253, "192.168.1.109": 254},
    }
    assert {each.failback for lb in topology.load_balancers for each in lb.instances} == {60.0}
    assert {each.failback for lb in build_edited().load_balancers for each in lb.instances} == {None}


def test_a_dual_stack_pair_of_virtual_ips_stays_together(build_edited: Build) -> None:
    topology = build_edited(
        ("vip: 192.168.1.110/24", "vips: [192.168.1.110/24, 'fd00:1::110/64']"),
        ("lb-1: 192.168.1.111", "lb-1: {address: 192.168.1.111, address6: 'fd00:1::111'}"),
        ("lb-2: 192.168.1.112", "lb-2: {address: 192.168.1.112, address6: 'fd00:1::112'}"),
    )
    first, second = topology.load_balancers
    assert [each.priority for each in first.instances] == [254, 254]
    assert [(str(each.source), [str(peer) for peer in each.peers]) for each in second.instances] == [
        ("192.168.1.112", ["192.168.1.111"]),
        ("fd00:1::112", ["fd00:1::111"]),
    ]
    assert {each.failback for each in first.instances} == {None}


def test_a_timer_that_is_given_wins_over_the_profile(build_edited: Build) -> None:
    topology = build_edited(("{profile: fast}", "{profile: steady, check_fall: 5, advert_interval: 0.3}"))
    assert topology.timers.check_fall == 5
    assert topology.timers.check_interval == HEALTH_TIMERS["steady"].check_interval
    assert topology.load_balancers[0].instances[0].advert_interval == 0.3


def test_version_2_has_whole_seconds(build_edited: Build) -> None:
    instance = build_edited(("{profile: fast}", "{profile: fast, vrrp_version: 2}")).load_balancers[0].instances[0]
    assert (instance.version, instance.advert_interval) == (2, 1.0)


def test_a_machine_with_several_roles_is_one_machine(build_edited: Build) -> None:
    topology = build_edited(
        ("  lb-1: 192.168.1.111\n  lb-2: 192.168.1.112\n", "  master-1: 192.168.1.101\n  master-2: 192.168.1.103\n"),
        ("port: 6443", "port: 8443"),
        ("workers:\n", "etcd: {worker-1: 192.168.1.115}\nworkers:\n"),
    )
    assert [machine.name for machine in topology.machines] == ["master-1", "master-2", "master-3", "worker-1", "worker-2"]
    assert topology.load_balancers[0].machine is topology.control_plane[0]
    assert topology.control_plane[0].roles == ("load_balancer", "control_plane")
    assert topology.workers[0].roles == ("etcd", "worker")


def test_services_reach_their_targets(build_edited: Build) -> None:
    services = "services: {web: {port: 443, target_port: 30443, targets: [workers, worker-1, 192.168.1.99]}}\nssh: {user: root}"
    (web,) = build_edited(("ssh: {user: root}", services)).services
    assert [(each.name, str(each.address)) for each in web.targets] == [
        ("worker-1", "192.168.1.115"),
        ("worker-2", "192.168.1.124"),
        ("192.168.1.99", "192.168.1.99"),
    ]
    assert (web.port, web.target_port, web.check_port) == (443, 30443, None)


def test_profiles(build_edited: Build) -> None:
    fast, steady = build_edited(), build_edited(("profile: fast", "profile: steady"))
    assert fast.load_balancers[0].instances[0].advert_interval == 0.07
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
