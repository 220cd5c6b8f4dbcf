"""From a topology to a lab's hosts."""

from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from twinkeel.errors import UsageError
from twinkeel.lab.layout import build_layout, cables, from_json, mac_address, port_name, to_json
from twinkeel.lab.model import LabLayout
from twinkeel.source import SourceFile
from twinkeel.spec.load import load
from twinkeel.topology.build import build

SPEC = """\
name: small
domain: example.test
endpoint: {{name: lb.example.test, vip: {vip}}}
load_balancers: {{lb-1: 10.0.0.1, {second}}}
control_plane: {{master-1: {master}}}
"""


def layout_of(vip: str = "10.0.0.3/28", second: str = "lb-2: 10.0.0.2", name: str = "small", master: str = "10.0.0.4") -> LabLayout:
    loaded = load(SourceFile("twinkeel.yaml", SPEC.format(vip=vip, second=second, master=master)))
    assert loaded.spec is not None, loaded.diagnostics
    return build_layout(build(loaded.spec, Path("/")), name)


def test_client_and_operator_get_the_highest_free_addresses() -> None:
    layout = layout_of(second="lb-2: 10.0.0.14")
    assert layout.host("client").address == IPv4Address("10.0.0.13")
    assert layout.host("operator").address == IPv4Address("10.0.0.12")
    assert {host.prefix for host in layout.hosts} == {28}


def test_the_specs_order_is_kept() -> None:
    assert layout_of().names == ("lb-1", "lb-2", "master-1", "client", "operator")


def test_a_full_network_is_refused() -> None:
    with pytest.raises(UsageError, match=r"no free address is left in 10\.0\.0\.0/29"):
        layout_of(vip="10.0.0.3/29", second="lb-2: 10.0.0.2, lb-3: 10.0.0.5, lb-4: 10.0.0.6")


def test_a_host_outside_the_virtual_ips_network_is_refused() -> None:
    with pytest.raises(UsageError, match=r"10\.0\.1\.2 is not a host address") as caught:
        layout_of(master="10.0.1.2")
    assert caught.value.where == "master-1"


def test_a_host_called_client_is_refused() -> None:
    with pytest.raises(UsageError, match="two hosts of the lab are called client"):
        layout_of(second="client: 10.0.0.2")


def test_two_labs_of_one_spec_differ_in_everything_that_is_tagged() -> None:
    first, second = layout_of(name="one"), layout_of(name="two")
    assert first.lab_id != second.lab_id
    assert mac_address(first, first.hosts[0]) != mac_address(second, second.hosts[0])


def test_port_names_fit_and_differ() -> None:
    layout = layout_of(second="a-load-balancer-of-the-east: 10.0.0.2, a-load-balancer-of-the-west: 10.0.0.5")
    names = [port_name(layout, host) for host in layout.hosts]
    assert names[0] == "lb-1"
    assert max(map(len, names)) <= 15
    assert len(set(names)) == len(names)


def test_mac_addresses_are_local_and_differ() -> None:
    layout = layout_of()
    addresses = [mac_address(layout, host) for host in layout.hosts]
    assert len(set(addresses)) == len(addresses)
    assert all(int(address[:2], 16) & 0b11 == 0b10 for address in addresses)


def test_json_brings_the_layout_back() -> None:
    layout = replace(layout_of(), kubernetes="Kubernetes 1.36.2 (from /x)")
    assert from_json(to_json(layout)) == layout


def test_a_machine_with_several_roles_is_one_host_that_plays_them_all() -> None:
    text = SPEC.format(vip="10.0.0.3/28", second="lb-2: 10.0.0.2", master="10.0.0.4").replace(
        "master-1: 10.0.0.4", "lb-2: 10.0.0.2"
    )
    loaded = load(SourceFile("twinkeel.yaml", text.replace("endpoint: {", "endpoint: {port: 8443, ")))
    assert loaded.spec is not None, loaded.diagnostics
    layout = build_layout(build(loaded.spec, Path("/")), "small")
    assert layout.names == ("lb-1", "lb-2", "client", "operator")
    assert layout.host("lb-2").roles == ("load_balancer", "control_plane")
    assert [host.name for host in layout.with_role("load_balancer")] == ["lb-1", "lb-2"]
    assert [host.name for host in layout.with_role("control_plane", "load_balancer")] == ["lb-1", "lb-2"]
    assert from_json(to_json(layout)) == layout


def test_etcd_on_machines_of_its_own_is_refused() -> None:
    text = SPEC.format(vip="10.0.0.3/28", second="lb-2: 10.0.0.2", master="10.0.0.4") + "etcd: {etcd-1: 10.0.0.5}\n"
    loaded = load(SourceFile("twinkeel.yaml", text))
    assert loaded.spec is not None, loaded.diagnostics
    with pytest.raises(UsageError, match="a lab has etcd on the control plane only"):
        build_layout(build(loaded.spec, Path("/")), "small")


BGP = """\
name: small
domain: example.test
endpoint:
  name: lb.example.test
  vip: 192.0.2.10
  mode: bgp
  bgp: {{asn: 64512, routers: [{routers}]}}
load_balancers: {{lb-1: 10.0.0.11, lb-2: 10.0.0.12, lb-3: 10.0.0.13}}
control_plane: {{master-1: 10.0.0.14}}
"""
ONE = "{address: 10.0.0.1, asn: 64500}"


def routed(routers: str = ONE) -> LabLayout:
    loaded = load(SourceFile("twinkeel.yaml", BGP.format(routers=routers)))
    assert loaded.spec is not None, loaded.diagnostics
    return build_layout(build(loaded.spec, Path("/")), "small")


def test_a_router_stands_between_the_client_and_everybody_else() -> None:
    layout = routed()
    assert layout.names == ("lb-1", "lb-2", "lb-3", "master-1", "router-1", "client", "operator")
    router, client = layout.host("router-1"), layout.host("client")
    assert [(cable.segment, *map(str, cable.addresses[0])) for cable in cables(layout, router)] == [
        ("hosts", "10.0.0.1", "24"),
        ("outside", "198.51.100.1", "24"),
    ]
    assert len({cable.port for host in layout.hosts for cable in cables(layout, host)}) == 8
    assert len({cable.mac for host in layout.hosts for cable in cables(layout, host)}) == 8
    assert (str(client.address), client.segment) == ("198.51.100.100", "outside")
    assert [str(layout.host(name).gateway(4)) for name in ("lb-1", "master-1", "operator")] == ["10.0.0.1"] * 3
    assert str(client.gateway(4)) == "198.51.100.1"
    assert from_json(to_json(layout)) == layout


def test_several_routers_share_a_gateway() -> None:
    layout = routed(f"{ONE}, {{address: 10.0.0.2, asn: 64500}}")
    assert [host.name for host in layout.with_role("router")] == ["router-1", "router-2"]
    inner, outer = str(layout.host("lb-1").gateway(4)), str(layout.host("client").gateway(4))
    assert inner not in {str(host.address) for host in layout.hosts}
    assert (inner, outer) == ("10.0.0.252", "198.51.100.254")
    assert {str(each) for each in layout.host("router-2").gateways} == {inner, outer}


def test_a_router_that_is_hops_away_is_refused() -> None:
    with pytest.raises(UsageError, match="a lab has no router 2 hops away"):
        routed("{address: 10.0.0.1, asn: 64500, hops: 2}")


def test_a_password_is_refused() -> None:
    with pytest.raises(UsageError, match="a lab's routers sign nothing"):
        routed(ONE + "], authentication: md5, communities: [no-export")


def test_hosts_far_apart_get_a_wider_network() -> None:
    layout = routed("{address: 10.0.3.1, asn: 64500}")
    assert {host.prefix for host in layout.hosts if host.segment == "hosts"} == {22}
