"""A virtual IP that no subnet has: real Keepalived with our files, a router with a static route to its next hop."""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

import pytest
from second_chance.segment import HAPROXY, HERE, Balancer, Host, connect, make_host, require_programs, wait_for

from twinkeel.render.render import render
from twinkeel.render.systemd import STANDBY_FILE
from twinkeel.source import SourceFile
from twinkeel.spec.load import load
from twinkeel.topology.build import build

VIPS = {"203.0.113.10": "192.168.1.110", "2001:db8::10": "fd00:1::110"}
"""Each with its next hop."""

SPEC = """\
name: routed
domain: example.org
endpoint:
  name: api.example.org
  vips:
    - {address: 203.0.113.10/32, routed: true, next_hop: 192.168.1.110/24}
    - {address: "2001:db8::10/128", routed: true, next_hop: "fd00:1::110/64"}
load_balancers:
  lb-1: {address: 192.168.1.111, address6: "fd00:1::111"}
  lb-2: {address: 192.168.1.112, address6: "fd00:1::112"}
control_plane:
  master-1: {address: 192.168.1.101, address6: "fd00:1::101"}
kubernetes: {pod_network6: "fd85:ee78:d8a6:8607::1:0/112", service_network6: "fd85:ee78:d8a6:8607::1000/116"}
"""
ASK = """\
import socket, sys
try:
    with socket.create_connection((sys.argv[1], 6443), timeout=1) as client:
        client.sendall(b"ping\\n")
        print("answered" if client.recv(1) else "closed")
except OSError as error:
    print(error)
"""


@dataclass
class Site:
    balancers: list[Balancer]
    switch: Host
    router: Host
    client: Host
    member: Host
    """A host of the load balancers' own subnet, whose default route is the router."""

    def holder(self, vip: str) -> Balancer:
        held = [each for each in self.balancers if addresses(each) >= {vip}]
        assert len(held) == 1, [each.name for each in held]
        return held[0]


def addresses(host: Host) -> set[str]:
    shown = json.loads(host.run("ip", "-j", "address", "show", "dev", "eth0"))
    return {str(ip_address(entry["local"])) for link in shown for entry in link.get("addr_info", ())}


def answered(host: Host, vip: str) -> bool:
    return host.run(sys.executable, "-c", ASK, vip) == "answered\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    require_programs()
    folder = tmp_path_factory.mktemp("routed")
    loaded = load(SourceFile("twinkeel.yaml", SPEC))
    assert loaded.spec is not None
    topology = build(loaded.spec, folder)
    rendered = render(topology).hosts
    hosts = [make_host("switch", folder)]
    switch = hosts[0]
    try:
        switch.run("ip", "link", "add", "br0", "type", "bridge")
        switch.run("ip", "link", "set", "br0", "up")
        for name in ("server", "router", "client", "member"):
            hosts.append(make_host(name, folder))
        server, router, client, member = hosts[1:]
        connect(switch, server, ["192.168.1.201/24", "fd00:1::201/64"])
        server.start(sys.executable, str(HERE / "server.py"), "192.168.1.201", "7000")
        connect(switch, router, ["192.168.1.1/24", "fd00:1::1/64"])
        connect(switch, member, ["192.168.1.202/24", "fd00:1::202/64"])
        router.run("ip", "link", "add", "far", "type", "veth", "peer", "name", "eth0", "netns", str(client.process.pid))
        forward = "echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding"
        router.run(
            "sh",
            "-c",
            f"{forward}; ip address add 10.9.0.1/24 dev far; ip address add fd09::1/64 dev far nodad; ip link set far up",
        )
        client.run(
            "sh",
            "-c",
            "ip address add 10.9.0.2/24 dev eth0; ip address add fd09::2/64 dev eth0 nodad; ip link set eth0 up; ip link set lo up",
        )
        ways = "ip route add default via {}; ip -6 route add default via {}"
        client.run("sh", "-c", ways.format("10.9.0.1", "fd09::1"))
        member.run("sh", "-c", ways.format("192.168.1.1", "fd00:1::1"))
        for vip, next_hop in VIPS.items():
            router.run("ip", "route", "add", vip, "via", next_hop)
        balancers = []
        for balancer in topology.load_balancers:
            machine = balancer.machine
            made = make_host(machine.name, folder, Balancer)
            assert isinstance(made, Balancer)
            hosts.append(made)
            balancers.append(made)
            connect(switch, made, [f"{machine.address}/24", f"{machine.address6}/64"])
            made.run("sh", "-c", ways.format("192.168.1.1", "fd00:1::1"))
            binds = "    bind *:6443\n    bind [::]:6443 v6only"
            made.set_up(rendered[machine.name], HAPROXY.format(binds=binds, server="192.168.1.201"))
        for made in balancers:
            made.start_keepalived()
        found = Site(balancers, switch, router, client, member)
        wait_for(lambda: all(sum(addresses(each) >= {vip} for each in balancers) == 1 for vip in VIPS), "nobody took a virtual IP")
        time.sleep(1.5)  # Keepalived announces the address a second time.
        yield found
    finally:
        for host in reversed(hosts):
            host.end()


@pytest.mark.parametrize("vip", VIPS)
def test_a_client_behind_the_router_and_one_of_the_segment_reach_it(site: Site, vip: str) -> None:
    assert answered(site.client, vip)
    assert answered(site.member, vip)
    # The one that does not hold it reaches it in the same way.
    other = next(each for each in site.balancers if each is not site.holder(vip))
    assert answered(other, vip)


@pytest.mark.parametrize("vip", VIPS)
def test_the_next_hop_is_where_the_virtual_ip_is(site: Site, vip: str) -> None:
    for each in site.balancers:
        assert (vip in addresses(each)) == (VIPS[vip] in addresses(each))
    # A load balancer's own connections do not begin at an address that moves.
    family = "-6" if ":" in vip else "-4"
    target = "fd09::2" if ":" in vip else "10.9.0.2"
    (route,) = json.loads(site.holder(vip).run("ip", "-j", family, "route", "get", target))
    assert route["prefsrc"] not in {vip, VIPS[vip]}


@pytest.mark.parametrize("vip", VIPS)
@pytest.mark.parametrize("planned", [True, False])
def test_the_next_one_takes_both_over(site: Site, vip: str, planned: bool) -> None:
    holder = site.holder(vip)
    if planned:
        holder.write(STANDBY_FILE, "1\n")
    else:
        # As after a loss of power: nothing is said, and nobody hears it any more.
        site.switch.run("ip", "link", "set", f"to-{holder.name}", "nomaster")
    try:
        other = next(each for each in site.balancers if each is not holder)
        wait_for(lambda: {vip, VIPS[vip]} <= addresses(other), "nobody took it over")
        for host in (site.client, site.member):
            wait_for(lambda host=host: answered(host, vip), f"{host.name} does not reach it")
    finally:
        if planned:
            holder.write(STANDBY_FILE, "0\n")
        else:
            site.switch.run("ip", "link", "set", f"to-{holder.name}", "master", "br0")
    wait_for(lambda: sum(addresses(each) >= {vip} for each in site.balancers) == 1, "two hold it, or nobody")
    wait_for(lambda: answered(site.client, vip), "the client does not reach it")


@pytest.mark.parametrize("vip", VIPS)
def test_without_the_next_hop_the_router_finds_nobody(site: Site, vip: str) -> None:
    """What these tests would not see if the static route were not what leads there."""
    site.router.run("ip", "route", "delete", vip)
    try:
        assert not answered(site.client, vip)
    finally:
        site.router.run("ip", "route", "add", vip, "via", VIPS[vip])
    assert answered(site.client, vip)
