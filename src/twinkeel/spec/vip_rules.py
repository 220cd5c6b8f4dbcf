"""Rules about the virtual IPs, their numbers, and the kinds of addresses (IPv4 and IPv6) that must meet."""

from collections.abc import Iterator

from twinkeel.spec.document import Key
from twinkeel.spec.fields import IPAddress, is_address
from twinkeel.spec.model import ClusterSpec
from twinkeel.spec.rule import Finding, places


def one_way_to_give_virtual_ips(spec: ClusterSpec) -> Iterator[Finding]:
    """Without a virtual IP there is no endpoint; of `vip` and `vips` together nobody knows which is the first."""
    endpoint = spec.endpoint
    if endpoint.vip is None and not endpoint.vips:
        yield Finding(("endpoint",), "the endpoint has no virtual IP", "add a line such as `vip: 192.168.1.110/24`", at_key=True)
    elif endpoint.vip is not None and endpoint.vips:
        yield Finding(
            ("endpoint", "vips"),
            "virtual IPs are given in two places",
            "move the address of `vip` into `vips`",
            at_key=True,
            related=((("endpoint", "vip"), "`vip` is here"),),
        )


def duplicate_virtual_ip(spec: ClusterSpec) -> Iterator[Finding]:
    """Two VRRP instances with one address would take it from each other for ever."""
    seen: dict[IPAddress, Key] = {}
    for path, vip in spec.endpoint.virtual_ips():
        first = seen.setdefault(vip.address.ip, path)
        if first != path:
            yield Finding(
                path, f"the virtual IP {vip.address.ip} is given twice", "delete one", related=((first, "first given here"),)
            )


def duplicate_vrid(spec: ClusterSpec) -> Iterator[Finding]:
    """A virtual router ID names one group of routers on a network: two virtual IPs with one ID answer for each other."""
    seen: dict[int, Key] = {}
    for path, vip in spec.endpoint.virtual_ips():
        if vip.vrid is None:
            continue
        here = (*path[:-1], "vrid")
        first = seen.setdefault(vip.vrid, here)
        if first != here:
            yield Finding(
                here,
                f"the virtual router ID {vip.vrid} is given twice",
                "give each virtual IP its own, or delete both lines: Twinkeel then chooses",
                related=((first, "first given here"),),
            )


def common_vrid(spec: ClusterSpec) -> Iterator[Finding]:
    """51 stands in most examples of VRRP's configuration, so another VRRP router on the same network often has it, too."""
    for path, vip in spec.endpoint.virtual_ips():
        if vip.vrid == 51:
            yield Finding(
                (*path[:-1], "vrid"),
                "the virtual router ID 51 is what most examples use: another router may have it",
                "choose another, or delete the line: Twinkeel then chooses",
            )


def address_as_name(spec: ClusterSpec) -> Iterator[Finding]:
    """Kubespray writes an IPv6 address into URLs without brackets, and a name that is an IPv4 address reaches no IPv6 endpoint."""
    for path, vip in spec.endpoint.virtual_ips():
        if vip.address.version == 6 and is_address(spec.endpoint.name):
            yield Finding(
                ("endpoint", "name"),
                "an endpoint with an IPv6 virtual IP needs a DNS name",
                f"write a name such as api.{spec.domain}, and let it resolve to the virtual IPs",
                related=((path, "the IPv6 virtual IP"),),
            )
            return


def load_balancer_without_kind(spec: ClusterSpec) -> Iterator[Finding]:
    """VRRP for IPv6 travels over IPv6, and for IPv4 over IPv4: a load balancer needs an address of each virtual IP's kind."""
    firsts: dict[int, Key] = {}
    for path, vip in spec.endpoint.virtual_ips():
        firsts.setdefault(vip.address.version, path)
    for place in places(spec):
        for version, path in firsts.items():
            if place.group == "load_balancers" and not place.has(version):
                yield Finding(
                    place.address,
                    f"`{place.name}` has no IPv{version} address, and cannot hold an IPv{version} virtual IP",
                    "add `address6: ADDRESS`" if version == 6 else "write its IPv4 address, and the other one as `address6`",
                    related=((path, f"the IPv{version} virtual IP"),),
                    needs=(place.address6,),
                )


def mixed_kinds(spec: ClusterSpec) -> Iterator[Finding]:
    """Machines reach each other at `address`: one of another kind is out of reach for those that lack it."""
    first = next(iter(places(spec)))
    for place in places(spec):
        if place.host.address.version != first.host.address.version:
            hint = (
                "write its IPv4 address, and this one as `address6`"
                if place.host.address.version == 6
                else "write its IPv6 address"
            )
            yield Finding(
                place.address,
                f"`{place.name}` has an IPv{place.host.address.version} address, the others an IPv{first.host.address.version} one",
                hint,
                related=((first.address, f"`{first.name}` is here"),),
            )


def node_cannot_reach_the_endpoint(spec: ClusterSpec) -> Iterator[Finding]:
    """Every node talks to the API through a virtual IP, so it needs an address of the kind of at least one."""
    vips = dict(spec.endpoint.virtual_ips())
    versions = {vip.address.version for vip in vips.values()}
    for place in places(spec):
        if versions and place.group != "load_balancers" and not any(place.has(version) for version in versions):
            kind = next(iter(versions))
            yield Finding(
                place.address,
                f"`{place.name}` has no IPv{kind} address, and every virtual IP is one",
                "give it one, or add a virtual IP of its kind",
                related=((next(iter(vips)), "the virtual IP"),),
                needs=(place.address6,),
            )
