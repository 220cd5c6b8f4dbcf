"""The same system with another virtual IP in the first place: what a drill measures, and whose holder it breaks."""

from dataclasses import replace
from typing import TypeVar

from twinkeel.errors import UsageError
from twinkeel.topology.model import LoadBalancer, Topology

Item = TypeVar("Item")


def with_primary_vip(topology: Topology, address: str) -> Topology:
    """The topology with the virtual IP `address` before the others, in the endpoint and on every load balancer.

    Nothing else differs: each instance keeps its VRID, priorities and timers.

    Raises:
        UsageError: the spec has no such virtual IP.
    """
    known = [str(vip.ip) for vip in topology.endpoint.vips]
    if address not in known:
        raise UsageError(f"{address} is no virtual IP of {topology.name}", hint=f"one of: {', '.join(known)}")
    place = known.index(address)
    return replace(
        topology,
        endpoint=replace(topology.endpoint, vips=_first(topology.endpoint.vips, place)),
        load_balancers=tuple(
            LoadBalancer(balancer.machine, _first(balancer.instances, place)) for balancer in topology.load_balancers
        ),
    )


def _first(items: tuple[Item, ...], place: int) -> tuple[Item, ...]:
    if not items:
        return ()
    return (items[place], *items[:place], *items[place + 1 :])
