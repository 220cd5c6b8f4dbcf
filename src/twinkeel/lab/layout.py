"""From a topology to a lab: the same hosts, and a client and an operator at free addresses of the virtual IPs' networks.

With routers the virtual IPs are in no network of hosts: see `twinkeel.lab.segments`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from ipaddress import IPv6Address, ip_address, ip_interface
from typing import Any

from twinkeel.errors import UsageError
from twinkeel.lab.model import OUTSIDE_ROLES, LabHost, LabLayout, Segment
from twinkeel.lab.segments import Networks, free_addresses, hosts_networks, lab_routers, router_addresses, with_routers
from twinkeel.spec.fields import IPAddress
from twinkeel.topology.model import Machine, Topology

OUTSIDE_INTERFACE = "outside0"
# What Linux allows an interface's name to hold; port names of the switch are made from host names.
INTERFACE_NAME_LIMIT = 15


def build_layout(topology: Topology, name: str, suite: str = "") -> LabLayout:
    """The lab called `name` for this topology, of hosts of a Debian suite.

    Raises:
        UsageError: two hosts share an address or a name, an address is no host address of the virtual IP's network,
            no free address is left for client and operator, or the spec has what a lab cannot build (etcd apart, a router that
            is hops away).
    """
    endpoint = topology.endpoint
    machines = topology.machines
    networks = hosts_networks(topology)
    _refuse_clashes(topology)
    own = tuple(_lab_host(machine, networks) for machine in machines)
    hosts = with_routers(topology, own, _outside_hosts(topology, own[0], networks), networks)
    return LabLayout(name, lab_id(name), topology.domain, endpoint.name, endpoint.port, endpoint.vips, hosts, suite)


def _outside_hosts(topology: Topology, like: LabHost, networks: Networks) -> tuple[LabHost, ...]:
    """Client and operator, with an address of each kind that `like` has."""
    used: set[IPAddress] = {*(vip.ip for vip in topology.endpoint.vips), *router_addresses(topology)}
    used |= {address for machine in topology.machines for address in (machine.address, machine.address6) if address is not None}
    if topology.cluster.dns_server is not None:
        used.add(topology.cluster.dns_server)
    count = len(OUTSIDE_ROLES)
    first = free_addresses(networks[like.address.version], used, count)
    second: list[IPAddress | None] = [None] * count
    if like.address6 is not None and 6 in networks:
        second = list(free_addresses(networks[6], used, count))
    return tuple(
        LabHost(
            name=role,
            fqdn=f"{role}.{topology.domain}",
            role=role,
            address=address,
            prefix=like.prefix,
            interface=like.interface,
            address6=address6 if isinstance(address6, IPv6Address) else None,
            prefix6=like.prefix6,
        )
        for role, address, address6 in zip(OUTSIDE_ROLES, first, second, strict=True)
    )


def lab_id(name: str) -> str:
    """Six characters that tag everything that this lab makes."""
    return hashlib.sha256(name.encode()).hexdigest()[:6]


def port_name(layout: LabLayout, host: LabHost) -> str:
    """The name of a host's port on the switch: its own name where Linux allows it."""
    if len(host.name) <= INTERFACE_NAME_LIMIT:
        return host.name
    tail = f"-{layout.names.index(host.name)}"
    return host.name[: INTERFACE_NAME_LIMIT - len(tail)] + tail


def mac_address(layout: LabLayout, host: LabHost, card: int = 0) -> str:
    """A locally administered address that survives a reboot, as a network card's does; `card` counts a host's cards."""
    tag = layout.lab_id
    return f"02:{tag[0:2]}:{tag[2:4]}:{tag[4:6]}:{card:02x}:{layout.names.index(host.name) + 1:02x}"


@dataclass(frozen=True)
class Cable:
    """One cable of a host: the switch's port, the segment that it leads to, and the host's own end."""

    segment: Segment
    port: str
    interface: str
    mac: str
    addresses: tuple[tuple[IPAddress, int], ...]


def cables(layout: LabLayout, host: LabHost) -> tuple[Cable, ...]:
    """A host's cables: one, and a router's second to the segment outside."""
    first = Cable(host.segment, port_name(layout, host), host.interface, mac_address(layout, host), host.addresses)
    if not host.outside:
        return (first,)
    # No host has a name with an underscore in it.
    port, addresses = f"outside_{layout.names.index(host.name)}", tuple((each.ip, each.network.prefixlen) for each in host.outside)
    return (first, Cable("outside", port, OUTSIDE_INTERFACE, mac_address(layout, host, 1), addresses))


def to_json(layout: LabLayout) -> str:
    """The layout as text that `from_json` reads back."""
    return json.dumps(asdict(layout), default=str, indent=2)


def from_json(text: str) -> LabLayout:
    """The layout that `to_json` wrote. Raises ValueError or KeyError when it is something else."""
    data: dict[str, Any] = json.loads(text)
    hosts = tuple(LabHost(**{**host, **_read_back(host)}) for host in data.pop("hosts"))
    return LabLayout(**{**data, "vips": tuple(ip_interface(vip) for vip in data["vips"])}, hosts=hosts)


def _read_back(host: Mapping[str, Any]) -> dict[str, Any]:
    second = host.get("address6")
    return {
        "address": ip_address(host["address"]),
        "address6": None if second is None else IPv6Address(second),
        "more_roles": tuple(host["more_roles"]),
        "outside": tuple(ip_interface(each) for each in host.get("outside", ())),
        "gateways": tuple(ip_address(each) for each in host.get("gateways", ())),
    }


def _lab_host(machine: Machine, networks: Networks) -> LabHost:
    if ("etcd" in machine.roles) != ("control_plane" in machine.roles):
        raise UsageError("a lab has etcd on the control plane only", where=machine.name, hint="leave out `etcd` for the lab")
    # A second address of a kind that no virtual IP has is given to the host all the same: nothing else depends on it.
    for address in (machine.address, machine.address6):
        if address is not None and (address is machine.address or address.version in networks):
            _require_host_address(machine, address, networks)
    # etcd runs where the control plane does, and is no role of its own here.
    role, *more = [role for role in machine.roles if role != "etcd"]
    return LabHost(
        name=machine.name,
        fqdn=machine.fqdn,
        role=role,
        address=machine.address,
        prefix=networks[machine.address.version].prefixlen,
        interface=machine.interface,
        ssh_user=machine.ssh.user,
        ssh_port=machine.ssh.port,
        more_roles=tuple(more),
        address6=machine.address6,
        prefix6=networks[6].prefixlen if 6 in networks else 64,
    )


def _require_host_address(machine: Machine, address: IPAddress, networks: Networks) -> None:
    network = networks.get(address.version)
    if network is None:
        hint = f"give the endpoint an IPv{address.version} virtual IP, or the host an address of the virtual IP's kind"
        raise UsageError(f"no virtual IP is of {address}'s kind", where=machine.name, hint=hint)
    # IPv6 has no broadcast address; its first address is the routers' (RFC 4291, section 2.6.1).
    reserved = (network.network_address, network.broadcast_address) if address.version == 4 else (network.network_address,)
    if address not in network or address in reserved:
        raise UsageError(
            f"{address} is not a host address of the virtual IP's network {network}",
            where=machine.name,
            hint="a lab has one network for each kind of address: give every host an address of it",
        )


def _refuse_clashes(topology: Topology) -> None:
    seen: dict[IPAddress, str] = {vip.ip: "the virtual IP" for vip in topology.endpoint.vips}
    seen |= dict.fromkeys(router_addresses(topology), "a router")
    names: set[str] = {*OUTSIDE_ROLES, *(pair.name for pair in lab_routers(topology))}
    for machine in topology.machines:
        own = [address for address in (machine.address, machine.address6) if address is not None]
        for address in own:
            if address in seen:
                hint = "give each host its own address"
                raise UsageError(f"{address} belongs to {seen[address]} and to {machine.name}", hint=hint)
        if machine.name in names:
            raise UsageError(
                f"two hosts of the lab are called {machine.name}", hint="the lab itself adds client, operator and routers"
            )
        seen |= dict.fromkeys(own, machine.name)
        names.add(machine.name)
