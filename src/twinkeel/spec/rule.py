"""What a rule of the spec is, and the hosts that rules look at."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from pydantic import BaseModel

from twinkeel.diagnostic import Severity
from twinkeel.spec.document import Key
from twinkeel.spec.fields import IPAddress
from twinkeel.spec.model import ClusterSpec, Host
from twinkeel.spec.release_support import ReleaseSupport


class Finding(NamedTuple):
    """What a rule found, and the path of what is wrong; `at_key` points at the key instead of the value.

    `needs` are the places that it was concluded from besides: it is no finding when one of them is broken.
    """

    path: Key
    message: str
    hint: str
    at_key: bool = False
    related: tuple[tuple[Key, str], ...] = ()
    needs: tuple[Key, ...] = ()


class Rule(NamedTuple):
    """One check, with its code and how bad it is to break it.

    `needs` are the places that it must see whole: a count says nothing when one of the counted hosts is broken.
    """

    code: str
    severity: Severity
    title: str
    check: Callable[[ClusterSpec], Iterator[Finding]]
    needs: tuple[Key, ...] = ()

    def findings(self, spec: ClusterSpec, _release: ReleaseSupport) -> Iterator[Finding]:
        """What it finds in a spec."""
        return self.check(spec)


class ReleaseRule(NamedTuple):
    """A rule that must know what the spec's Kubespray release supports; the fields are those of Rule."""

    code: str
    severity: Severity
    title: str
    check: Callable[[ClusterSpec, ReleaseSupport], Iterator[Finding]]
    needs: tuple[Key, ...] = ()

    def findings(self, spec: ClusterSpec, release: ReleaseSupport) -> Iterator[Finding]:
        """What it finds in a spec, with what the spec's Kubespray release supports."""
        return self.check(spec, release)


class Place(NamedTuple):
    """A host with the group that it stands in."""

    group: str
    name: str
    host: Host

    @property
    def key(self) -> Key:
        """Where its name stands."""
        return (self.group, self.name)

    @property
    def address(self) -> Key:
        """Where its address stands."""
        return (self.group, self.name, "address")

    @property
    def address6(self) -> Key:
        """Where its second address stands."""
        return (self.group, self.name, "address6")

    @property
    def placed_addresses(self) -> tuple[tuple[Key, IPAddress], ...]:
        """Its one or two addresses, each with its place."""
        first: tuple[Key, IPAddress] = (self.address, self.host.address)
        return (first,) if self.host.address6 is None else (first, (self.address6, self.host.address6))

    def has(self, version: int) -> bool:
        """Whether it has an address of IP version 4 or 6."""
        return any(address.version == version for address in self.addresses)

    @property
    def addresses(self) -> tuple[IPAddress, ...]:
        """Its one or two addresses."""
        return (self.host.address,) if self.host.address6 is None else (self.host.address, self.host.address6)


def is_set(spec: ClusterSpec, *path: str) -> bool:
    """Whether the spec itself gives the value at `path`, instead of leaving it to its default."""
    part: BaseModel = spec
    for name in path[:-1]:
        part = getattr(part, name)
    return path[-1] in part.model_fields_set


def places(spec: ClusterSpec) -> Iterator[Place]:
    """Every host, in the order of the groups."""
    groups = {
        "load_balancers": spec.load_balancers,
        "control_plane": spec.control_plane,
        "etcd": spec.etcd,
        "workers": spec.workers,
    }
    for group, hosts in groups.items():
        for name, host in hosts.items():
            yield Place(group, name, host)
