"""The virtual IPs that a pair's instances hold, each with the instances that stand for it. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Interface, IPv6Interface

from twinkeel.audit.pair import Host
from twinkeel.liveconfig.keepalived.file import Statement
from twinkeel.liveconfig.keepalived.model import Instance
from twinkeel.liveconfig.words import Place
from twinkeel.spec.fields import IPAddress


@dataclass(slots=True)
class Holder:
    """One host's instance of a virtual IP, and the statement that names the address."""

    instance: Instance
    statement: Statement
    written: IPv4Interface | IPv6Interface

    @property
    def place(self) -> Place:
        """Where the address stands."""
        return self.statement.words[0].place

    @property
    def has_prefix(self) -> bool:
        """Whether a prefix length of a subnet is written."""
        return "/" in self.statement.keyword and self.written.network.prefixlen < self.written.max_prefixlen

    @property
    def next_hop(self) -> IPv4Interface | IPv6Interface | None:
        """Where routers send what is for it: an address of a subnet that comes along, while it is in none itself."""
        return None if self.instance.next_hop is None else self.instance.next_hop[1]

    @property
    def carrier(self) -> str:
        """The interface that carries it."""
        texts = [word.text for word in self.statement.words]
        return texts[texts.index("dev") + 1] if "dev" in texts[:-1] else self.instance.interface


@dataclass(slots=True)
class FoundVip:
    """One virtual IP, by place of the host among the pair's."""

    address: IPAddress
    holders: dict[int, Holder] = field(default_factory=dict)

    @property
    def first(self) -> Holder:
        """The first host's."""
        return next(iter(self.holders.values()))

    def shares_instance(self, other: "FoundVip") -> bool:
        """Whether one instance holds both."""
        return any(
            self.holders[place].instance is other.holders[place].instance for place in self.holders if place in other.holders
        )


def find_vips(hosts: tuple[Host, ...]) -> list[FoundVip]:
    """Every virtual IP, in the order of the files."""
    found: dict[IPAddress, FoundVip] = {}
    for place, host in enumerate(hosts):
        for instance in host.instances:
            for statement, written in _entries(instance):
                vip = found.setdefault(written.ip, FoundVip(written.ip))
                vip.holders.setdefault(place, Holder(instance, statement, written))
    return list(found.values())


def _entries(instance: Instance) -> Iterator[tuple[Statement, IPv4Interface | IPv6Interface]]:
    known = {id(word): address for word, address in instance.served}
    for block in instance.statement.named("virtual_ipaddress", "virtual_ipaddress_excluded"):
        for each in block.block:
            if each.words and id(each.words[0]) in known:
                yield each, known[id(each.words[0])]
