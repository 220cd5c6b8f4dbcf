"""Where planned moves can keep connections."""

from collections.abc import Iterator

from twinkeel.spec.model import ClusterSpec
from twinkeel.spec.rule import Finding


def virtual_ip_elsewhere(spec: ClusterSpec) -> Iterator[Finding]:
    """The new holder sends segments to the old one's own address, on the segment that carries the virtual IP: both are one."""
    if not spec.failover.second_chance:
        return
    for path, vip in spec.endpoint.virtual_ips():
        for name, host in spec.load_balancers.items():
            own, carrier = host.interface or spec.interface, vip.interface_on(name)
            if carrier not in (None, own):
                yield Finding(
                    ("failover", "second_chance"),
                    f"on `{name}` {vip.address.ip} is on {carrier} and the address of the host on {own}: the others cannot pass on"
                    " what belongs to it",
                    "delete second_chance, or put the virtual IP on the interface that has the host's address",
                    related=((path, "the virtual IP"),),
                )
                return
