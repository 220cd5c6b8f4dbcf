"""Rules about extra services and who serves them."""

from collections.abc import Iterator
from difflib import get_close_matches
from ipaddress import ip_address
from itertools import count

from twinkeel.diagnostic import quoted
from twinkeel.spec.fields import IPAddress
from twinkeel.spec.model import ClusterSpec
from twinkeel.spec.rule import Finding, places

MOST_GUESSES = 5
GROUPS = ("workers", "control_plane", "nodes")


def unknown_target(spec: ClusterSpec) -> Iterator[Finding]:
    """A target is a group of hosts, a host of the spec, or an address; no name is looked up in DNS."""
    names = {place.name for place in places(spec)}
    guesses = count()
    for service, setting in spec.services.items():
        for place, target in enumerate(setting.targets):
            if target in GROUPS or target in names or address_of(target) is not None:
                continue
            # Comparing with thousands of names takes long, and after a few nobody reads on.
            close = get_close_matches(target[:64], [*GROUPS, *names], n=1) if next(guesses) < MOST_GUESSES else []
            yield Finding(
                ("services", service, "targets", place),
                f"{quoted(target)} is no group of hosts, no host of this spec, and no address",
                f"did you mean `{close[0]}`?" if close else f"write {', '.join(GROUPS)}, a host's name, or an address",
            )


def service_without_targets(spec: ClusterSpec) -> Iterator[Finding]:
    """A service that nobody serves refuses every client."""
    for service, setting in spec.services.items():
        if not spec.workers and set(setting.targets) == {"workers"}:
            yield Finding(
                ("services", service, "targets"),
                f"service `{service}` goes to the workers, and there are none",
                "add workers, or write `targets: [control_plane]`",
            )


def target_is_a_virtual_ip(spec: ClusterSpec) -> Iterator[Finding]:
    """A load balancer that sends connections to its own virtual IP sends them in circles."""
    vips = {vip.address.ip: path for path, vip in spec.endpoint.virtual_ips()}
    for service, setting in spec.services.items():
        for place, target in enumerate(setting.targets):
            address = address_of(target)
            if address in vips:
                yield Finding(
                    ("services", service, "targets", place),
                    f"{address} is a virtual IP: the load balancers would send connections to themselves",
                    "write the addresses of those that serve it",
                    related=((vips[address], "the virtual IP"),),
                )
            elif address is not None and (address.is_multicast or address.is_unspecified or address.is_loopback):
                yield Finding(
                    ("services", service, "targets", place),
                    f"{address} cannot be reached by the load balancers",
                    "write the address of a machine that serves it",
                )


def name_of_a_group(spec: ClusterSpec) -> Iterator[Finding]:
    """A service's target of that name could mean the host or the group."""
    for place in places(spec):
        if place.name in GROUPS:
            yield Finding(place.key, f"`{place.name}` is the name of a group of hosts", "choose another name", at_key=True)


def address_of(text: str) -> IPAddress | None:
    """The address that a word is; None when it is another word."""
    try:
        return ip_address(text)
    except ValueError:
        return None
