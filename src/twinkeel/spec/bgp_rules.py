"""Rules about virtual IPs that load balancers announce by BGP, and about keys that mean nothing there."""

from collections.abc import Iterator

from twinkeel.spec.document import Key
from twinkeel.spec.failover_defaults import bfd_interval
from twinkeel.spec.fields import IPAddress
from twinkeel.spec.model import BgpRouter, ClusterSpec
from twinkeel.spec.rule import Finding, is_set, places
from twinkeel.spec.software_versions import numbers, span, text, too_old
from twinkeel.vip.daemons import VRRP_DAEMON

_OF_FAILOVER = (
    "transport",
    "vrrp_version",
    "authentication",
    "advert_interval",
    "failback",
)
_OF_VIPS = ("vrid", "interface", "interfaces", "routed", "next_hop")
_OF_HOSTS = ("vrrp_address", "vrrp_interface")

LEAST_MULTIPLIER_1 = (10,)
"""FRR 8.4.4 refuses a detect-multiplier of 1, 10.3 takes it."""


def _routers(spec: ClusterSpec) -> Iterator[tuple[Key, BgpRouter]]:
    for place, router in enumerate(spec.endpoint.bgp.routers if spec.endpoint.bgp else ()):
        yield ("endpoint", "bgp", "routers", place), router


def mode_without_its_keys(spec: ClusterSpec) -> Iterator[Finding]:
    """BGP needs to know with whom; and whoever describes routers means to announce to them."""
    endpoint = spec.endpoint
    if endpoint.mode == "bgp" and endpoint.bgp is None:
        yield Finding(
            ("endpoint", "mode"),
            "`mode: bgp` says nothing of autonomous systems and routers",
            "add `bgp: {asn: 64512, routers: [ROUTER]}`, ROUTER as your network team gives it: `{address: 10.0.0.1, asn: 64500}`",
        )
    elif endpoint.mode == "vrrp" and endpoint.bgp is not None:
        yield Finding(
            ("endpoint", "bgp"),
            "`bgp` is given, and load balancers share the virtual IPs by VRRP",
            "add `mode: bgp`, or delete `bgp`",
            at_key=True,
        )
    if endpoint.mode == "vrrp" and is_set(spec, "frr"):
        yield Finding(("frr",), "FRR is not used with VRRP", "delete `frr`, or add `mode: bgp` to the endpoint", at_key=True)


def key_of_vrrp(spec: ClusterSpec) -> Iterator[Finding]:
    """Every load balancer announces every virtual IP: there are no priorities, no advertisements, and no daemon of VRRP."""
    if spec.endpoint.mode != "bgp":
        return
    for path in _given_of_vrrp(spec):
        yield Finding(
            path,
            f"`{'.'.join(map(str, path))}` is for VRRP, and load balancers announce the virtual IPs by BGP",
            "delete it, or `mode: bgp`",
            at_key=True,
            related=((("endpoint", "mode"), "`mode: bgp` is here"),),
        )


def _given_of_vrrp(spec: ClusterSpec) -> Iterator[Key]:
    for path, vip in spec.endpoint.virtual_ips():
        yield from ((*path[:-1], name) for name in _OF_VIPS if name in vip.model_fields_set)
    for name, host in spec.load_balancers.items():
        yield from (("load_balancers", name, each) for each in _OF_HOSTS if each in host.model_fields_set)
    yield from (("failover", name) for name in _OF_FAILOVER if is_set(spec, "failover", name))
    if is_set(spec, VRRP_DAEMON.section):
        yield (VRRP_DAEMON.section,)


def more_than_an_address(spec: ClusterSpec) -> Iterator[Finding]:
    """What is announced is one address: it is in no subnet of anybody's."""
    if spec.endpoint.mode != "bgp":
        return
    for path, vip in spec.endpoint.virtual_ips():
        if vip.address.network.prefixlen != vip.address.max_prefixlen:
            yield Finding(
                path,
                "a virtual IP that is announced by BGP is in no subnet",
                f"write {vip.address.ip}, outside every subnet of the hosts",
                related=((("endpoint", "mode"), "`mode: bgp` is here"),),
            )


def router_of_its_kind(spec: ClusterSpec) -> Iterator[Finding]:
    """An IPv4 virtual IP is announced in IPv4 sessions, an IPv6 one in IPv6 sessions: the next hop is the session's own address."""
    kinds = {router.address.version for _, router in _routers(spec)}
    for path, vip in spec.endpoint.virtual_ips():
        version = vip.address.version
        if kinds and version not in kinds:
            yield Finding(
                path,
                f"no router has an IPv{version} address: nobody would hear of {vip.address.ip}",
                f"add the router's IPv{version} address to `endpoint.bgp.routers`",
                related=((("endpoint", "bgp", "routers"), "the routers"),),
            )
    versions = {vip.address.version for _, vip in spec.endpoint.virtual_ips()}
    for here, router in _routers(spec):
        if versions and router.address.version not in versions:
            yield Finding(
                (*here, "address"),
                f"there is no IPv{router.address.version} virtual IP to announce to {router.address}",
                "delete this router, or add a virtual IP of its kind",
            )


def router_is_somebody_else(spec: ClusterSpec) -> Iterator[Finding]:
    """A session needs two ends, and one of them is enough."""
    seen: dict[IPAddress, Key] = {}
    hosts = {address: (path, place.name) for place in places(spec) for path, address in place.placed_addresses}
    vips = {vip.address.ip: path for path, vip in spec.endpoint.virtual_ips()}
    for path, router in _routers(spec):
        here = (*path, "address")
        first = seen.setdefault(router.address, here)
        if first != here:
            yield Finding(here, f"the router {router.address} is given twice", "delete one", related=((first, "first given here"),))
        if router.address in hosts:
            there, name = hosts[router.address]
            yield Finding(
                here,
                f"the router has the address of `{name}`",
                "write the router's own address",
                related=((there, f"`{name}` is here"),),
            )
        if router.address in vips:
            yield Finding(
                here,
                "the router has the address of a virtual IP",
                "write the router's own",
                related=((vips[router.address], "the virtual IP"),),
            )


def hops_within_the_system(spec: ClusterSpec) -> Iterator[Finding]:
    """Only external sessions count hops: internal ones go through the whole network."""
    for path, router in _routers(spec):
        if spec.endpoint.bgp and router.asn == spec.endpoint.bgp.asn and router.hops > 1:
            yield Finding(
                (*path, "hops"), "an internal session (the load balancers' own AS number) counts no hops", "delete the line"
            )


def supported_frr(spec: ClusterSpec) -> Iterator[Finding]:
    """The files need what 8.4 has; older ones were not looked at. FRR 8.4.4 refuses a multiplier of 1."""
    version = numbers(spec.frr.version)
    if too_old("frr", version):
        yield Finding(
            ("frr", "version"),
            f"FRR {spec.frr.version} is not supported",
            f"write the oldest version of your load balancers, {span('frr')}",
        )
    bfd = spec.endpoint.bgp.bfd if spec.endpoint.bgp else False
    if bfd and bfd.multiplier < 2 and version < LEAST_MULTIPLIER_1:
        yield Finding(
            ("endpoint", "bgp", "bfd", "multiplier"),
            f"FRR {spec.frr.version} takes no multiplier of {bfd.multiplier}: one lost packet would end the session",
            f"write 2 or more, or `frr: {{version: {text((*LEAST_MULTIPLIER_1, 0))}}}` if that is your oldest",
        )


def bfd_slower_than_bgp(spec: ClusterSpec) -> Iterator[Finding]:
    """BFD is there to be faster than BGP's own timer."""
    bgp = spec.endpoint.bgp
    if bgp is None or not bgp.bfd:
        return
    interval = bfd_interval(bgp.bfd, spec.failover)
    if abs(interval * 1000 - round(interval * 1000)) > 1e-6:
        yield Finding(
            ("endpoint", "bgp", "bfd", "interval"),
            f"BFD counts in milliseconds, not {interval:g} s",
            "write three decimals at most",
        )
    elif interval * bgp.bfd.multiplier >= bgp.hold_time:
        at = "interval" if bgp.bfd.interval is not None else "multiplier"
        yield Finding(
            ("endpoint", "bgp", "bfd", at),
            f"BFD notices a loss after {interval * bgp.bfd.multiplier:g} s, and BGP itself after {bgp.hold_time} s",
            "make interval times multiplier shorter than hold_time",
        )
