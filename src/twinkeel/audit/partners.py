"""Which instances of different hosts share an address. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from itertools import combinations

from twinkeel.audit.pair import Host, Pair
from twinkeel.liveconfig.keepalived.model import Instance


@dataclass(frozen=True, slots=True)
class Member:
    """An instance of a host."""

    host: Host
    instance: Instance


def partners(pair: Pair) -> Iterator[tuple[Member, Member]]:
    """Every two instances of two hosts that stand for the same address, or else have the same virtual router id and IP version."""
    for one, other in combinations(pair.hosts, 2):
        counterparts = _Counterparts(other)
        for first in one.instances:
            second = counterparts.of(first)
            if second is not None:
                yield Member(one, first), Member(other, second)


def lone_instances(pair: Pair, host: Host) -> Iterator[Instance]:
    """The instances of a host that no other host has."""
    others = [_Counterparts(other) for other in pair.others(host)]
    return (instance for instance in host.instances if all(other.of(instance) is None for other in others))


class _Counterparts:
    """A host's instances by address and by number."""

    def __init__(self, host: Host) -> None:
        self._by_address: dict[IPv4Address | IPv6Address, Instance] = {}
        self._by_number: dict[tuple[int | None, int], Instance] = {}
        for instance in host.instances:
            for _, vip in instance.vips:
                self._by_address.setdefault(vip.ip, instance)
            self._by_number.setdefault((instance.vrid, _family(instance)), instance)

    def of(self, instance: Instance) -> Instance | None:
        found = (self._by_address.get(vip.ip) for _, vip in instance.vips)
        by_address = next((other for other in found if other is not None), None)
        return by_address or self._by_number.get((instance.vrid, _family(instance)))


def _family(instance: Instance) -> int:
    return next((vip.version for _, vip in instance.vips), 4)
