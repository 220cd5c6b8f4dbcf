"""Rules about hosts, their addresses and the virtual IP."""

from collections.abc import Iterator
from ipaddress import IPv4Address
from itertools import combinations

from twinkeel.spec.document import Key
from twinkeel.spec.model import ClusterSpec
from twinkeel.spec.rule import Finding, Place, places


def duplicate_name(spec: ClusterSpec) -> Iterator[Finding]:
    """A name in two groups would be one host in the inventory, and one folder of rendered files."""
    for first, second in combinations(places(spec), 2):
        if first.name == second.name:
            yield Finding(
                second.key,
                f"the host name `{second.name}` is used twice",
                "give each host its own name",
                at_key=True,
                related=((first.address, "first used here"),),
            )


def duplicate_address(spec: ClusterSpec) -> Iterator[Finding]:
    """Two hosts with one address: traffic reaches whichever answers ARP first."""
    for first, second in combinations(places(spec), 2):
        if first.host.address == second.host.address and not _shares_ports(first, second):
            yield Finding(
                second.address,
                f"`{second.name}` has the address of `{first.name}`: {second.host.address}",
                "give each host its own address",
                related=((first.address, f"`{first.name}` is here"),),
            )


def load_balancer_on_control_plane(spec: ClusterSpec) -> Iterator[Finding]:
    """An API server binds its port on every address, so HAProxy cannot have the same port on that machine."""
    for first, second in combinations(places(spec), 2):
        if first.host.address == second.host.address and _shares_ports(first, second):
            yield Finding(
                second.address,
                f"`{second.name}` is the load balancer `{first.name}`: both would listen on their ports of {second.host.address}",
                "use a machine of its own for each load balancer; sharing one is not supported yet",
                related=((first.address, f"`{first.name}` is here"),),
            )


def _shares_ports(first: Place, second: Place) -> bool:
    return (first.group, second.group) == ("load_balancers", "control_plane")


def unusable_address(spec: ClusterSpec) -> Iterator[Finding]:
    """Loopback, multicast and the like are never one machine's address on a network."""
    for place in places(spec):
        if _unusable(place.host.address):
            yield Finding(
                place.address,
                f"{place.host.address} cannot be a host's address ({_unusable(place.host.address)})",
                "write the address that the other hosts reach it at",
            )
    if _unusable(spec.endpoint.vip.ip):
        yield Finding(
            ("endpoint", "vip"),
            f"{spec.endpoint.vip.ip} cannot be a virtual IP ({_unusable(spec.endpoint.vip.ip)})",
            "choose a free address of the load balancers' subnet",
        )


def _unusable(address: IPv4Address) -> str:
    kinds = {
        "loopback": address.is_loopback,
        "multicast": address.is_multicast,
        "link-local": address.is_link_local,
        "unspecified": address.is_unspecified,
        "reserved": address.is_reserved,
    }
    return next((kind for kind, holds in kinds.items() if holds), "")


def vip_without_prefix(spec: ClusterSpec) -> Iterator[Finding]:
    """Without a prefix keepalived sets a /32, and the load balancers' subnet cannot be compared with anything."""
    if spec.endpoint.vip.network.prefixlen == 32:
        yield Finding(
            ("endpoint", "vip"),
            "the virtual IP has no prefix length of a subnet",
            f"add the one of the load balancers' network, such as {spec.endpoint.vip.ip}/24",
        )


def vip_is_a_host(spec: ClusterSpec) -> Iterator[Finding]:
    """The virtual IP moves; a host's own address must not."""
    for place in places(spec):
        if place.host.address == spec.endpoint.vip.ip:
            yield Finding(
                ("endpoint", "vip"),
                f"the virtual IP is the address of `{place.name}`",
                "choose an address that no machine has",
                related=((place.address, f"`{place.name}` is here"),),
            )


def first_or_last_address(spec: ClusterSpec) -> Iterator[Finding]:
    """The first and the last address of a subnet mean the network and everyone in it."""
    network = spec.endpoint.vip.network
    if network.prefixlen >= 31:
        return
    ends = {network.network_address: "network", network.broadcast_address: "broadcast"}
    placed: list[tuple[Key, IPv4Address]] = [(("endpoint", "vip"), spec.endpoint.vip.ip)]
    placed += [(place.address, place.host.address) for place in places(spec) if place.group == "load_balancers"]
    for path, address in placed:
        if address in ends:
            yield Finding(
                path,
                f"{address} is the {ends[address]} address of {network}",
                "choose an address between the first and the last, or correct the virtual IP's prefix length",
            )


def load_balancer_outside_subnet(spec: ClusterSpec) -> Iterator[Finding]:
    """The virtual IP is announced by ARP, which no router passes on."""
    network = spec.endpoint.vip.network
    if network.prefixlen == 32:
        return
    for place in places(spec):
        if place.group == "load_balancers" and place.host.address not in network:
            yield Finding(
                place.address,
                f"`{place.name}` is outside the virtual IP's subnet {network}",
                "put the load balancers and the virtual IP into one subnet, or correct the prefix length",
                related=(((("endpoint", "vip")), "the virtual IP"),),
            )


def host_called_bastion(spec: ClusterSpec) -> Iterator[Finding]:
    """Kubespray turns on an SSH proxy when the inventory has a host of this name."""
    for place in places(spec):
        if place.name == "bastion":
            yield Finding(place.key, "Kubespray gives the name `bastion` a meaning of its own", "choose another name", at_key=True)
