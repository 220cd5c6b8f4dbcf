"""Which instances of different hosts share an address. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from twinkeel.audit.pair import Host, Pair
from twinkeel.liveconfig.keepalived_model import Instance


@dataclass(frozen=True, slots=True)
class Member:
    """An instance of a host."""

    host: Host
    instance: Instance


def partners(pair: Pair) -> Iterator[tuple[Member, Member]]:
    """Every two instances of two hosts that stand for the same address, or else have the same virtual router id and IP version."""
    for one, other in combinations(pair.hosts, 2):
        for first in one.instances:
            second = partner(first, other)
            if second is not None:
                yield Member(one, first), Member(other, second)


def partner(instance: Instance, host: Host) -> Instance | None:
    """Its counterpart on another host."""
    by_address = (other for other in host.instances if _addresses(other) & _addresses(instance))
    by_number = (other for other in host.instances if other.vrid == instance.vrid and _family(other) == _family(instance))
    return next(by_address, None) or next(by_number, None)


def has_partner(pair: Pair, host: Host, instance: Instance) -> bool:
    """Whether another host has its counterpart."""
    return any(partner(instance, other) is not None for other in pair.others(host))


def _addresses(instance: Instance) -> set[str]:
    return {str(vip.ip) for _, vip in instance.vips}


def _family(instance: Instance) -> int:
    return next((vip.version for _, vip in instance.vips), 4)
