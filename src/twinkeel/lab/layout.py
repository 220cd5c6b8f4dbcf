"""From a topology to a lab: the same hosts, and a client and an operator at free addresses of the virtual IP's network."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict
from ipaddress import IPv4Address, IPv4Interface
from typing import Any

from twinkeel.errors import UsageError
from twinkeel.lab.model import OUTSIDE_ROLES, LabHost, LabLayout
from twinkeel.spec.fields import IPAddress
from twinkeel.topology.model import Machine, Topology

# What Linux allows an interface's name to hold; port names of the switch are made from host names.
INTERFACE_NAME_LIMIT = 15


def build_layout(topology: Topology, name: str) -> LabLayout:
    """The lab called `name` for this topology.

    Raises:
        UsageError: two hosts share an address or a name, an address is no host address of the virtual IP's network,
            no free address is left for client and operator, or the spec has what a lab cannot build (IPv6, etcd apart).
    """
    endpoint = topology.endpoint
    machines = topology.machines
    vips = _virtual_ips(topology)
    _refuse_clashes(topology)
    used = {machine.address for machine in machines} | {vip.ip for vip in vips}
    if topology.cluster.dns_server is not None:
        used.add(topology.cluster.dns_server)
    hosts = tuple(_lab_host(machine, vips[0]) for machine in machines)
    outside = tuple(
        LabHost(role, f"{role}.{topology.domain}", role, address, vips[0].network.prefixlen, machines[0].interface)
        for role, address in zip(OUTSIDE_ROLES, _free_addresses(vips[0], used, len(OUTSIDE_ROLES)), strict=True)
    )
    return LabLayout(name, lab_id(name), topology.domain, endpoint.name, endpoint.port, vips, hosts + outside)


def lab_id(name: str) -> str:
    """Six characters that tag everything that this lab makes."""
    return hashlib.sha256(name.encode()).hexdigest()[:6]


def port_name(layout: LabLayout, host: LabHost) -> str:
    """The name of a host's port on the switch: its own name where Linux allows it."""
    if len(host.name) <= INTERFACE_NAME_LIMIT:
        return host.name
    tail = f"-{layout.names.index(host.name)}"
    return host.name[: INTERFACE_NAME_LIMIT - len(tail)] + tail


def mac_address(layout: LabLayout, host: LabHost) -> str:
    """A locally administered address that survives a reboot, as a network card's does."""
    tag = layout.lab_id
    return f"02:{tag[0:2]}:{tag[2:4]}:{tag[4:6]}:00:{layout.names.index(host.name) + 1:02x}"


def to_json(layout: LabLayout) -> str:
    """The layout as text that `from_json` reads back."""
    return json.dumps(asdict(layout), default=str, indent=2)


def from_json(text: str) -> LabLayout:
    """The layout that `to_json` wrote. Raises ValueError or KeyError when it is something else."""
    data: dict[str, Any] = json.loads(text)
    hosts = tuple(
        LabHost(**{**host, "address": IPv4Address(host["address"]), "more_roles": tuple(host["more_roles"])})
        for host in data.pop("hosts")
    )
    return LabLayout(**{**data, "vips": tuple(IPv4Interface(vip) for vip in data["vips"])}, hosts=hosts)


def _virtual_ips(topology: Topology) -> tuple[IPv4Interface, ...]:
    vips = tuple(vip for vip in topology.endpoint.vips if isinstance(vip, IPv4Interface))
    if len(vips) < len(topology.endpoint.vips):
        raise UsageError("a lab has no IPv6 network", hint="leave out the IPv6 virtual IPs for the lab")
    return vips


def _lab_host(machine: Machine, vip: IPv4Interface) -> LabHost:
    network = vip.network
    if ("etcd" in machine.roles) != ("control_plane" in machine.roles):
        raise UsageError("a lab has etcd on the control plane only", where=machine.name, hint="leave out `etcd` for the lab")
    if (
        not isinstance(machine.address, IPv4Address)
        or machine.address not in network
        or machine.address in (network.network_address, network.broadcast_address)
    ):
        raise UsageError(
            f"{machine.address} is not a host address of the virtual IP's network {network}",
            where=machine.name,
            hint="a lab has one network: give every host an address of it",
        )
    # etcd runs where the control plane does, and is no role of its own here.
    role, *more = [role for role in machine.roles if role != "etcd"]
    return LabHost(
        name=machine.name,
        fqdn=machine.fqdn,
        role=role,
        address=machine.address,
        prefix=network.prefixlen,
        interface=machine.interface,
        ssh_user=machine.ssh.user,
        ssh_port=machine.ssh.port,
        more_roles=tuple(more),
    )


def _refuse_clashes(topology: Topology) -> None:
    seen: dict[IPAddress, str] = {vip.ip: "the virtual IP" for vip in topology.endpoint.vips}
    names: set[str] = set(OUTSIDE_ROLES)
    for machine in topology.machines:
        if machine.address in seen:
            hint = "give each host its own address"
            raise UsageError(f"{machine.address} belongs to {seen[machine.address]} and to {machine.name}", hint=hint)
        if machine.name in names:
            raise UsageError(f"two hosts of the lab are called {machine.name}", hint="the lab itself adds client and operator")
        seen[machine.address] = machine.name
        names.add(machine.name)


def _free_addresses(vip: IPv4Interface, used: Collection[IPAddress], count: int) -> list[IPv4Address]:
    """The highest free addresses: low ones are routers' by habit."""
    network = vip.network
    found: list[IPv4Address] = []
    number = int(network.broadcast_address) - 1
    while len(found) < count and number > int(network.network_address):
        if IPv4Address(number) not in used:
            found.append(IPv4Address(number))
        number -= 1
    if len(found) < count:
        raise UsageError(f"no free address is left in {network} for the lab's client and operator", hint="use a shorter prefix")
    return found
