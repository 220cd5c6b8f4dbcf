"""Rules about the address that routers send a routed virtual IP's packets to."""

from collections.abc import Iterator

from twinkeel.spec.document import Key
from twinkeel.spec.fields import IPAddress, IPInterface
from twinkeel.spec.model import ClusterSpec, VirtualIp
from twinkeel.spec.rule import Finding, places

_FREE = "take a free address of the load balancers' own subnet"


def next_hop_leads_there(spec: ClusterSpec) -> Iterator[Finding]:
    """A router's static route needs a next hop that moves with the virtual IP: a free address of the load balancers' subnet.

    It is found by ARP or neighbour discovery, which no router passes on, as any virtual IP of that subnet.
    """
    if spec.endpoint.mode == "bgp":
        return
    taken = _taken(spec)
    for path, vip in spec.endpoint.virtual_ips():
        if vip.next_hop is not None:
            here = (*path[:-1], "next_hop")
            hop = vip.next_hop
            yield from _not_for_it(here, path, vip) or _wrong_itself(here, hop, vip) or _out_of_place(spec, here, hop, vip)
            other = taken.setdefault(hop.ip, (here, "another virtual IP's next hop"))
            if other[0] != here:
                yield Finding(here, f"the next hop {hop.ip} is {other[1]}", _FREE, related=((other[0], "it is here"),))


def _taken(spec: ClusterSpec) -> dict[IPAddress, tuple[Key, str]]:
    found: dict[IPAddress, tuple[Key, str]] = {}
    for place in places(spec):
        for path, address in place.placed_addresses:
            found[address] = (path, f"the address of `{place.name}`")
    return found | {vip.address.ip: (path, "a virtual IP itself") for path, vip in spec.endpoint.virtual_ips()}


def _not_for_it(here: Key, path: Key, vip: VirtualIp) -> list[Finding]:
    if vip.routed:
        return []
    hint = f"delete it; or write {vip.address.ip}/{vip.address.max_prefixlen} and `routed: true`, where the network routes it"
    said = f"{vip.address.ip} is in the load balancers' subnet: routers need no next hop to it"
    return [Finding(here, said, hint, at_key=True, related=((path, "the virtual IP"),), needs=((*path[:-1], "routed"),))]


def _wrong_itself(here: Key, hop: IPInterface, vip: VirtualIp) -> list[Finding]:
    if hop.version != vip.address.version:
        return [Finding(here, f"the next hop of {vip.address.ip} is no IPv{vip.address.version} address", _FREE)]
    if hop.network.prefixlen == hop.max_prefixlen:
        length = 24 if hop.version == 4 else 64
        said = "the next hop has no prefix length of a subnet"
        return [Finding(here, said, f"add the one of the load balancers' network, such as {hop.ip}/{length}")]
    ends = (hop.network.network_address, hop.network.broadcast_address)
    if hop.ip.is_multicast or hop.ip.is_loopback or (hop.version == 4 and hop.network.prefixlen < 31 and hop.ip in ends):
        return [Finding(here, f"{hop.ip} cannot be a machine's address in {hop.network}", _FREE)]
    return []


def _out_of_place(spec: ClusterSpec, here: Key, hop: IPInterface, vip: VirtualIp) -> list[Finding]:
    for place in places(spec):
        own = [(path, address) for path, address in place.placed_addresses if address.version == hop.version]
        # Which networks an interface that is named for a virtual IP is in is known on the host alone (preflight asks it).
        if place.group != "load_balancers" or not own or vip.interface_on(place.name):
            continue
        path, address = own[0]
        if address not in hop.network:
            said = f"`{place.name}` is outside the next hop's subnet {hop.network}"
            hint = "take a free address of the subnet that all load balancers are in, or correct the prefix length"
            return [Finding(here, said, hint, related=((path, f"`{place.name}` is here"),))]
    return []
