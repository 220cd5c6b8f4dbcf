"""Rules about hosts, their addresses and the virtual IP."""

from collections.abc import Iterator

from twinkeel.spec.document import Key
from twinkeel.spec.fields import IPAddress
from twinkeel.spec.model import ClusterSpec
from twinkeel.spec.rule import Finding, Place, places


def one_name_two_machines(spec: ClusterSpec) -> Iterator[Finding]:
    """A name stands for one machine; in several groups it is a machine with several roles, and written alike in each."""
    seen: dict[str, Place] = {}
    for place in places(spec):
        first = seen.setdefault(place.name, place)
        if first.host != place.host:
            yield Finding(
                place.key,
                f"`{place.name}` is described in two ways",
                "write a machine with several roles alike in each of them, or give each machine its own name",
                at_key=True,
                related=((first.address, "first described here"),),
                needs=(place.key, first.key),
            )


def duplicate_address(spec: ClusterSpec) -> Iterator[Finding]:
    """Two hosts with one address: traffic reaches whichever answers ARP first."""
    seen: dict[IPAddress, tuple[Place, Key]] = {}
    for place in places(spec):
        for path, address in place.placed_addresses:
            first, there = seen.setdefault(address, (place, path))
            if first.name != place.name:
                yield Finding(
                    path,
                    f"`{place.name}` has the address of `{first.name}`: {address}",
                    "give each host its own address; a machine with several roles has one name",
                    related=((there, f"`{first.name}` is here"),),
                )


def shared_api_port(spec: ClusterSpec) -> Iterator[Finding]:
    """An API server binds its port on every address, so HAProxy cannot have the same port on that machine."""
    shared = [name for name in spec.load_balancers if name in spec.control_plane]
    if shared and spec.endpoint.port == spec.kubernetes.api_port:
        yield Finding(
            ("endpoint", "port"),
            f"port {spec.endpoint.port} is the API server's own on `{shared[0]}`, which is load balancer and control plane",
            "choose another port for the endpoint, such as 8443",
            related=((("load_balancers", shared[0]), f"`{shared[0]}` is a load balancer here"),),
        )


def unusable_address(spec: ClusterSpec) -> Iterator[Finding]:
    """Loopback, multicast and the like are never one machine's address on a network."""
    for place in places(spec):
        for path, address in place.placed_addresses:
            if _unusable(address):
                yield Finding(
                    path,
                    f"{address} cannot be a host's address ({_unusable(address)})",
                    "write the address that the other hosts reach it at",
                )
    for path, vip in spec.endpoint.virtual_ips():
        if _unusable(vip.address.ip):
            yield Finding(
                path,
                f"{vip.address.ip} cannot be a virtual IP ({_unusable(vip.address.ip)})",
                "choose a free address of the load balancers' subnet",
            )


def _unusable(address: IPAddress) -> str:
    kinds = {
        "loopback": address.is_loopback,
        "multicast": address.is_multicast,
        "link-local": address.is_link_local,
        "unspecified": address.is_unspecified,
        "reserved": address.is_reserved,
    }
    return next((kind for kind, holds in kinds.items() if holds), "")


def vip_without_prefix(spec: ClusterSpec) -> Iterator[Finding]:
    """Without a prefix the daemon sets a /32, and the load balancers' subnet cannot be compared with anything.

    An address that the network routes is in no subnet: with a shorter prefix the load balancers would look for its neighbours on
    their own network.
    """
    if spec.endpoint.mode == "bgp":
        return
    for path, vip in spec.endpoint.virtual_ips():
        ip, alone = vip.address.ip, vip.address.network.prefixlen == vip.address.max_prefixlen
        if alone and not vip.routed:
            length = 24 if ip.version == 4 else 64
            hint = (
                f"add the one of the load balancers' network, such as {ip}/{length}; or `routed: true`, where the network routes it"
            )
            yield Finding(path, "the virtual IP has no prefix length of a subnet", hint, needs=((*path[:-1], "routed"),))
        elif vip.routed and not alone:
            hint = f"write {ip}/{vip.address.max_prefixlen}, or delete `routed`"
            yield Finding(path, "a routed virtual IP is in no subnet", hint)


def vip_is_a_host(spec: ClusterSpec) -> Iterator[Finding]:
    """The virtual IP moves; a host's own address must not."""
    vips = {vip.address.ip: path for path, vip in spec.endpoint.virtual_ips()}
    for place in places(spec):
        for path, address in place.placed_addresses:
            if address in vips:
                yield Finding(
                    vips[address],
                    f"the virtual IP is the address of `{place.name}`",
                    "choose an address that no machine has",
                    related=((path, f"`{place.name}` is here"),),
                )


def first_or_last_address(spec: ClusterSpec) -> Iterator[Finding]:
    """The first and the last address of a subnet mean the network and everyone in it."""
    vips = {path: vip.address for path, vip in spec.endpoint.virtual_ips()}
    placed: dict[Key, IPAddress] = {path: vip.ip for path, vip in vips.items()}
    placed |= {place.address: place.host.address for place in places(spec) if place.group == "load_balancers"}
    networks = {vip.network: path for path, vip in vips.items() if vip.version == 4 and vip.network.prefixlen < 31}
    for network, vip_path in networks.items():
        ends: dict[IPAddress, str] = {network.network_address: "network", network.broadcast_address: "broadcast"}
        for path, address in placed.items():
            if address in ends:
                yield Finding(
                    path,
                    f"{address} is the {ends[address]} address of {network}",
                    "choose an address between the first and the last, or correct the virtual IP's prefix length",
                    related=((vip_path, "the virtual IP of that network"),) if path != vip_path else (),
                )


def load_balancer_outside_subnet(spec: ClusterSpec) -> Iterator[Finding]:
    """The virtual IP is announced by ARP, which no router passes on; one that is announced by BGP is in no subnet at all (S102)."""
    if spec.endpoint.mode == "bgp":
        return
    # Which networks an interface that is named for a virtual IP is in is known on the host alone (preflight asks it).
    networks = {vip.address.network: (path, vip) for path, vip in spec.endpoint.virtual_ips()}
    for network, (vip_path, vip) in networks.items():
        if network.prefixlen == network.max_prefixlen:
            continue
        for place in places(spec):
            if place.group != "load_balancers" or not place.has(network.version) or vip.interface_on(place.name):
                continue
            path, address = next((path, address) for path, address in place.placed_addresses if address.version == network.version)
            if address not in network:
                yield Finding(
                    path,
                    f"`{place.name}` is outside the virtual IP's subnet {network}",
                    "put them into one subnet, correct the prefix length, or say its `interface` or that it is `routed`",
                    related=((vip_path, "the virtual IP"),),
                )


def half_of_a_vrrp_link(spec: ClusterSpec) -> Iterator[Finding]:
    """A VRRP link is an address and an interface on every load balancer: who is not on it hears nobody, and is a second holder."""
    balancers = [place for place in places(spec) if place.group == "load_balancers"]
    keys = ("vrrp_address", "vrrp_interface")
    linked = any(getattr(place.host, name) is not None for place in balancers for name in keys)
    for place in balancers:
        missing = [name for name in keys if getattr(place.host, name) is None]
        if linked and missing:
            yield Finding(
                place.key,
                f"`{place.name}` has no {' and no '.join(missing)}, and load balancers have a VRRP link of their own",
                "give every load balancer `vrrp_address` and `vrrp_interface`, or none",
                at_key=True,
                needs=tuple((*place.key, name) for name in missing),
            )


def vip_interface_of_nobody(spec: ClusterSpec) -> Iterator[Finding]:
    """An interface that is given for a host which is no load balancer is used by nobody: a slip in its name."""
    for path, vip in spec.endpoint.virtual_ips():
        for name in vip.interfaces:
            if name not in spec.load_balancers:
                yield Finding(
                    (*path[:-1], "interfaces", name),
                    f"`{name}` is no load balancer",
                    f"one of: {', '.join(spec.load_balancers)}",
                    at_key=True,
                )


def host_called_bastion(spec: ClusterSpec) -> Iterator[Finding]:
    """Kubespray turns on an SSH proxy when the inventory has a host of this name."""
    for place in places(spec):
        if place.name == "bastion":
            yield Finding(place.key, "Kubespray gives the name `bastion` a meaning of its own", "choose another name", at_key=True)
