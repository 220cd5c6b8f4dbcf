"""The networks of a lab: that of the hosts, and with routers one behind them, where clients are. Pure.

With VRRP a lab has one network, that of the virtual IPs. With BGP a virtual IP is in no network: it is reached by routes alone.
Hosts and routers have a network of their own, the client is behind the routers, and every other host has a router as its gateway.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_interface, ip_network
from itertools import zip_longest

from twinkeel.errors import UsageError
from twinkeel.lab.model import LabHost
from twinkeel.spec.fields import IPAddress, IPInterface
from twinkeel.topology.model import BgpRouter, Topology

Network = IPv4Network | IPv6Network
Networks = Mapping[int, Network]

# The segment behind the routers: networks for documentation (RFC 5737, RFC 3849), the first that nothing of the spec is in.
OUTSIDE: Mapping[int, tuple[Network, ...]] = {
    4: (IPv4Network("198.51.100.0/24"), IPv4Network("203.0.113.0/24"), IPv4Network("192.0.2.0/24")),
    6: (IPv6Network("2001:db8:51:100::/64"), IPv6Network("2001:db8:113::/64")),
}
# The places in it: routers from the first on, their common gateway, the client.
GATEWAY, CLIENT = 254, 100
# What hosts' networks usually are; wider where hosts are further apart.
USUAL_PREFIX = {4: 24, 6: 64}


@dataclass(frozen=True)
class RouterPair:
    """One router of the lab: its address of each IP version in the spec, with what the spec says of it."""

    name: str
    peers: tuple[BgpRouter, ...]


def hosts_networks(topology: Topology) -> dict[int, Network]:
    """The network of the hosts for each IP version that virtual IPs have."""
    if topology.bgp is None:
        return {vip.version: vip.network for vip in reversed(topology.endpoint.vips)}
    addresses = [*_own_addresses(topology), *(router.address for router in topology.bgp.routers)]
    versions = dict.fromkeys(address.version for address in addresses)
    return {version: _around([each for each in addresses if each.version == version]) for version in versions}


def lab_routers(topology: Topology) -> tuple[RouterPair, ...]:
    """The routers of the spec, one of the lab for each of its addresses; an IPv4 and an IPv6 address of the same rank are one's.

    Raises:
        UsageError: one is not on the hosts' network, or sessions have a password.
    """
    bgp = topology.bgp
    if bgp is None:
        return ()
    if bgp.authentication != "none":
        raise UsageError("a lab's routers sign nothing", where="endpoint.bgp.authentication", hint="leave it out for the lab")
    for router in bgp.routers:
        if router.hops > 1:
            hint = "leave out `hops` for the lab: its routers stand on the load balancers' own network"
            raise UsageError(f"a lab has no router {router.hops} hops away", where=str(router.address), hint=hint)
    four, six = ([each for each in bgp.routers if each.address.version == version] for version in (4, 6))
    pairs = zip_longest(four, six)
    return tuple(RouterPair(f"router-{i}", tuple(each for each in pair if each)) for i, pair in enumerate(pairs, 1))


def router_addresses(topology: Topology) -> tuple[IPAddress, ...]:
    """Every address of a router in the spec."""
    return tuple(router.address for router in topology.bgp.routers) if topology.bgp else ()


def with_routers(
    topology: Topology, machines: Sequence[LabHost], others: Sequence[LabHost], networks: Networks
) -> tuple[LabHost, ...]:
    """All hosts of a lab: the spec's, the routers, client, operator; each with its gateways, the client behind the routers."""
    pairs = lab_routers(topology)
    if not pairs:
        return (*machines, *others)
    outside = _outside_networks(topology, networks)
    routers = tuple(_router(topology, pair, place, networks, outside) for place, pair in enumerate(pairs, 1))
    used = {address for host in (*machines, *routers, *others) for address, _ in host.addresses}
    inner = _gateways(routers, networks, used)
    outer = tuple(_at(outside[gateway.version], GATEWAY if len(pairs) > 1 else 1).ip for gateway in inner)
    client, operator = others
    return (
        *(replace(host, gateways=inner) for host in machines),
        *(replace(router, gateways=(*inner, *outer)) for router in routers),
        replace(_behind(client, outside), gateways=outer),
        replace(operator, gateways=inner),
    )


def free_addresses(network: Network, used: Collection[IPAddress], count: int) -> list[IPAddress]:
    """The highest free addresses: low ones are routers' by habit. Raises UsageError when there are too few."""
    found: list[IPAddress] = []
    number = network.num_addresses - 2
    while len(found) < count and number > 0:
        if network[number] not in used:
            found.append(network[number])
        number -= 1
    if len(found) < count:
        raise UsageError(f"no free address is left in {network} for the lab's client and operator", hint="use a shorter prefix")
    return found


def _own_addresses(topology: Topology) -> Iterator[IPAddress]:
    for machine in topology.machines:
        yield machine.address
        if machine.address6 is not None:
            yield machine.address6


def _around(addresses: Sequence[IPAddress]) -> Network:
    """The smallest usual network that has them all."""
    network: Network = ip_network((addresses[0], USUAL_PREFIX[addresses[0].version]), strict=False)
    while not all(address in network for address in addresses):
        network = network.supernet()
    return network


def _outside_networks(topology: Topology, networks: Networks) -> dict[int, Network]:
    cluster = topology.cluster
    taken = [*networks.values(), cluster.pod_network, cluster.service_network, *(vip.network for vip in topology.endpoint.vips)]
    found: dict[int, Network] = {}
    for version in networks:
        free = [one for one in OUTSIDE[version] if not any(one.version == each.version and one.overlaps(each) for each in taken)]
        if not free:
            hint = "leave one of " + ", ".join(str(one) for one in OUTSIDE[version]) + " to the lab"
            raise UsageError(f"no IPv{version} network is left for clients behind the routers", hint=hint)
        found[version] = free[0]
    return found


def _at(network: Network, place: int) -> IPInterface:
    return ip_interface(f"{network[place]}/{network.prefixlen}")


def _router(topology: Topology, pair: RouterPair, place: int, networks: Networks, outside: Networks) -> LabHost:
    first, *second = (peer.address for peer in pair.peers)
    address6 = second[0] if second else None
    return LabHost(
        name=pair.name,
        fqdn=f"{pair.name}.{topology.domain}",
        role="router",
        address=first,
        prefix=networks[first.version].prefixlen,
        interface="hosts0",
        address6=address6 if isinstance(address6, IPv6Address) else None,
        prefix6=networks[6].prefixlen if 6 in networks else 64,
        outside=tuple(_at(outside[peer.address.version], place) for peer in pair.peers),
    )


def _gateways(routers: Sequence[LabHost], networks: Networks, used: Collection[IPAddress]) -> tuple[IPAddress, ...]:
    """What other hosts have for a gateway: the router's address, or one that the routers share, as in most networks."""
    versions = dict.fromkeys(address.version for router in routers for address, _ in router.addresses)
    if len(routers) == 1:
        return tuple(address for address, _ in routers[0].addresses)
    return tuple(free_addresses(networks[version], used, 1)[0] for version in versions)


def _behind(client: LabHost, outside: Networks) -> LabHost:
    """The client, at its place behind the routers."""
    version = client.address.version
    address6 = outside[6][CLIENT] if client.address6 is not None and 6 in outside else None
    return replace(
        client,
        segment="outside",
        address=outside[version][CLIENT],
        prefix=outside[version].prefixlen,
        address6=address6 if isinstance(address6, IPv6Address) else None,
        prefix6=outside[6].prefixlen if 6 in outside else 64,
    )
