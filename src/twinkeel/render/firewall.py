"""Firewall rules of a load balancer: VRRP from the other load balancers alone, or BGP from the routers, and the served ports.

The metrics' ports are for the spec's `readers` alone, where it names some. Each backend's rules are added to what is there: SSH
and everything else stay as the owner of the host set them up.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from twinkeel.render.files import RenderedFile
from twinkeel.render.template import fill
from twinkeel.spec.fields import IPAddress
from twinkeel.topology.model import LoadBalancer, Topology
from twinkeel.topology.readers import reader_texts
from twinkeel.topology.settings import Metrics, Monitoring

NFTABLES_PATH = "/etc/twinkeel/firewall.nft"
FIREWALLD_PATH = "/etc/firewalld/policies/twinkeel.xml"
UFW_PATH = "/usr/local/lib/twinkeel/firewall-ufw"

FIREWALL_UNIT = "twinkeel-firewall.service"
"""Loads the rules at boot, before keepalived; with nftables and ufw. firewalld reads its file itself."""

SELINUX_BOOLEANS = ("haproxy_connect_any", "keepalived_connect_any")
"""What SELinux must allow: HAProxy binds and reaches ports that its policy does not list. It stays enforcing."""

# Where VRRP goes without unicast (RFC 9568, sections 5.1.1.2 and 5.1.2.2), and where IPv6's comes from: not a listed address.
GROUPS: dict[int, IPAddress] = {4: ip_address("224.0.0.18"), 6: ip_address("ff02::12")}
LINK_LOCAL = "fe80::/10"

BGP_PORT = 179
BFD_PORTS = (3784, 4784)
"""Of one hop (RFC 5881) and of several (RFC 5883)."""


@dataclass(frozen=True)
class VrrpSource:
    """One source of VRRP that is let in; `destination` is None for any."""

    family: int
    source: str
    destination: IPAddress | None = None


def render_firewall(topology: Topology, balancer: LoadBalancer) -> tuple[RenderedFile, ...]:
    """The files of the spec's firewall backend; none for `none`."""
    return _BACKENDS[topology.system.firewall](topology, balancer)


@dataclass(frozen=True)
class Guarded:
    """A TCP port that is for `readers` alone: addresses and networks, as all three firewalls and HAProxy write them."""

    port: int
    readers: tuple[str, ...]

    @property
    def by_family(self) -> tuple[tuple[int, str], ...]:
        """Each reader with its version of IP."""
        return tuple((ip_network(reader).version, reader) for reader in self.readers)


def served_ports(topology: Topology) -> tuple[int, ...]:
    """TCP ports that anyone may use, sorted: the API's, the extra services', and the metrics' that are open to anyone."""
    opened = [each.port for each in _metrics_in_reach(topology) if not each.readers]
    return tuple(sorted({topology.endpoint.port, *(service.port for service in topology.services), *opened}))


def guarded_ports(topology: Topology) -> tuple[Guarded, ...]:
    """The metrics' ports that are for their readers alone, sorted."""
    found = [Guarded(each.port, reader_texts(each.readers)) for each in _metrics_in_reach(topology) if each.readers]
    return tuple(sorted(found, key=lambda one: one.port))


def _metrics_in_reach(topology: Topology) -> Iterator[Metrics | Monitoring]:
    for each in (topology.haproxy.metrics, topology.monitoring):
        if each is not None and not (each.address and each.address.is_loopback):
            yield each


def vrrp_sources(balancer: LoadBalancer) -> tuple[VrrpSource, ...]:
    """Whose advertisements this load balancer listens to, sorted: IPv4 first."""
    found = {source for instance in balancer.instances for source in _sources(instance.multicast, instance.peers)}
    return tuple(sorted(found, key=lambda one: (one.family, ip_address(one.source.partition("/")[0]), one.destination is not None)))


def _sources(multicast: bool, peers: tuple[IPAddress, ...]) -> Iterator[VrrpSource]:
    for peer in peers:
        if multicast and peer.version == 6:
            yield VrrpSource(6, LINK_LOCAL, GROUPS[6])
        else:
            yield VrrpSource(peer.version, str(peer), GROUPS[4] if multicast else None)


def _values(topology: Topology, balancer: LoadBalancer) -> dict[str, object]:
    return {
        "cluster": topology.name,
        "machine": balancer.machine,
        "ports": served_ports(topology),
        "guarded": guarded_ports(topology),
        "sources": vrrp_sources(balancer),
        "routers": [router.address for router in topology.bgp.routers] if topology.bgp else [],
        "bgp_port": BGP_PORT,
        "bfd_ports": BFD_PORTS,
    }


def _nftables(topology: Topology, balancer: LoadBalancer) -> tuple[RenderedFile, ...]:
    values = _values(topology, balancer)
    return (
        RenderedFile(NFTABLES_PATH, fill("firewall.nft.j2", **values)),
        RenderedFile(f"/etc/systemd/system/{FIREWALL_UNIT}", fill("firewall-nft.service.j2", **values, path=NFTABLES_PATH)),
    )


def _ufw(topology: Topology, balancer: LoadBalancer) -> tuple[RenderedFile, ...]:
    values = _values(topology, balancer)
    return (
        RenderedFile(UFW_PATH, fill("firewall-ufw.j2", **values), mode=0o755),
        RenderedFile(f"/etc/systemd/system/{FIREWALL_UNIT}", fill("firewall-ufw.service.j2", **values, path=UFW_PATH)),
    )


def _firewalld(topology: Topology, balancer: LoadBalancer) -> tuple[RenderedFile, ...]:
    return (RenderedFile(FIREWALLD_PATH, fill("firewalld.xml.j2", **_values(topology, balancer))),)


_BACKENDS: dict[str, Callable[[Topology, LoadBalancer], tuple[RenderedFile, ...]]] = {
    "none": lambda *_: (),
    "nftables": _nftables,
    "ufw": _ufw,
    "firewalld": _firewalld,
}
