"""Which load balancer may hold which virtual IP, in which order."""

from dataclasses import dataclass

from twinkeel.spec.failover_defaults import advert_interval
from twinkeel.spec.fields import IPInterface
from twinkeel.spec.model import ClusterSpec, Failover
from twinkeel.topology.model import LoadBalancer, Machine, VrrpInstance
from twinkeel.topology.profiles import failback
from twinkeel.topology.vrrp_numbers import priority, virtual_router_ids


@dataclass(frozen=True)
class _Vip:
    """A virtual IP, its VRID, its number among those of its kind (IPv4 or IPv6), and how many of its kind there are."""

    address: IPInterface
    vrid: int
    number: int
    of_a_kind: int


def build_load_balancers(spec: ClusterSpec, machines: list[Machine]) -> tuple[LoadBalancer, ...]:
    """Every load balancer with an instance for each virtual IP. `machines` are the load balancers in the spec's order."""
    vips = _vips(spec)
    return tuple(
        LoadBalancer(machine, tuple(_instance(spec.failover, vip, place, machines) for vip in vips))
        for place, machine in enumerate(machines)
    )


def _vips(spec: ClusterSpec) -> list[_Vip]:
    given = [vip for _, vip in spec.endpoint.virtual_ips()]
    kinds = [vip.address.version for vip in given]
    vrids = virtual_router_ids(spec.name, given)
    return [
        _Vip(vip.address, vrids[place], kinds[:place].count(kinds[place]), kinds.count(kinds[place]))
        for place, vip in enumerate(given)
    ]


def _instance(failover: Failover, vip: _Vip, place: int, machines: list[Machine]) -> VrrpInstance:
    sources = [machine.address_of(vip.address.version) or machine.address for machine in machines]
    return VrrpInstance(
        # The name comes from the address, never from a place in a list: keepalived drops an address whose instance is renamed.
        name=f"api-{vip.address.ip}",
        vrid=vip.vrid,
        priority=priority(place, vip.number),
        advert_interval=advert_interval(failover),
        vip=vip.address,
        interface=machines[place].interface,
        source=sources[place],
        peers=tuple(source for other, source in enumerate(sources) if other != place),
        version=failover.vrrp_version,
        multicast=failover.transport == "multicast",
        authenticated=failover.authentication == "password",
        failback=failback(failover, vip.of_a_kind),
    )
