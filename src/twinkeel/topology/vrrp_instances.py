"""Which load balancer may hold which virtual IP, in which order."""

from dataclasses import dataclass

from twinkeel.spec.failover_defaults import advert_interval
from twinkeel.spec.fields import IPAddress, IPInterface
from twinkeel.spec.model import ClusterSpec, Failover, VirtualIp
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
    given: VirtualIp


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
        _Vip(vip.address, vrids[place], kinds[:place].count(kinds[place]), kinds.count(kinds[place]), vip)
        for place, vip in enumerate(given)
    ]


def _instance(failover: Failover, vip: _Vip, place: int, machines: list[Machine]) -> VrrpInstance:
    sources = [_source(machine, vip.address.version) for machine in machines]
    machine, source = machines[place], sources[place]
    carrier = vip.given.interface_on(machine.name) or machine.interface
    link = machine.vrrp_interface if source == machine.vrrp_address else None
    interface = link or machine.interface
    return VrrpInstance(
        # The name comes from the address, never from a place in a list: the daemon drops an address whose instance is renamed.
        name=f"api-{vip.address.ip}",
        vrid=vip.vrid,
        priority=priority(place, vip.number),
        advert_interval=advert_interval(failover),
        vip=vip.address,
        interface=interface,
        vip_interface="" if carrier == interface else carrier,
        source=source,
        peers=tuple(source for other, source in enumerate(sources) if other != place),
        version=failover.vrrp_version,
        multicast=failover.transport == "multicast",
        authentication=failover.authentication,
        failback=failback(failover, vip.of_a_kind),
        next_hop=vip.given.next_hop,
    )


def _source(machine: Machine, version: int) -> IPAddress:
    """Where its advertisements for a virtual IP of that kind come from: its VRRP link, or its own address."""
    if machine.vrrp_address is not None and machine.vrrp_address.version == version:
        return machine.vrrp_address
    return machine.address_of(version) or machine.address
