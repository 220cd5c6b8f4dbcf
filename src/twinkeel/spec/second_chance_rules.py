"""Where planned moves can keep connections."""

from collections.abc import Iterator
from typing import NamedTuple

from twinkeel.spec.document import Key
from twinkeel.spec.fields import IPAddress
from twinkeel.spec.model import ClusterSpec
from twinkeel.spec.rule import Finding


class Elsewhere(NamedTuple):
    """A virtual IP (at `path`) that a load balancer carries on another interface than its own address."""

    path: Key
    vip: IPAddress
    balancer: str
    carrier: str
    own: str

    def __str__(self) -> str:
        return f"on `{self.balancer}` {self.vip} is on {self.carrier} and the address of the host on {self.own}"


def virtual_ip_elsewhere(spec: ClusterSpec) -> Iterator[Finding]:
    """The new holder sends segments to the old one's own address, on the segment that carries the virtual IP: both are one."""
    found = _first_elsewhere(spec)
    if spec.failover.second_chance and found is not None:
        yield Finding(
            ("failover", "second_chance"),
            f"{found}: the others cannot pass on what belongs to it",
            "delete second_chance, or put the virtual IP on the interface that has the host's address",
            related=((found.path, "the virtual IP"),),
        )


def resets_because(spec: ClusterSpec) -> str:
    """Why planned moves reset connections; empty where they are kept. A spec that says `true` or `false` has its way."""
    asked = spec.failover.second_chance
    if asked is not None:
        return "" if asked else "failover.second_chance is false"
    if len(spec.load_balancers) < 2:
        return "there is only one load balancer"
    if spec.endpoint.mode == "bgp":
        # After a loss of power its connections are reset up to 2 s later then: nobody chose that.
        return "with BGP only failover.second_chance: true keeps them"
    found = _first_elsewhere(spec)
    return "" if found is None else f"{found}: the others cannot pass on what belongs to it"


def _first_elsewhere(spec: ClusterSpec) -> Elsewhere | None:
    for path, vip in spec.endpoint.virtual_ips():
        for name, host in spec.load_balancers.items():
            own, carrier = host.interface or spec.interface, vip.interface_on(name)
            if carrier not in (None, own):
                return Elsewhere(path, vip.address.ip, name, carrier, own)
    return None
