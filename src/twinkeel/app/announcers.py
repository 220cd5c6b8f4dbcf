"""Use cases: a load balancer that announces the virtual IPs enters standby, and leaves it."""

import time
from dataclasses import dataclass
from typing import Literal

from twinkeel.app.context import Context
from twinkeel.app.hosts import ClusterHosts
from twinkeel.hosts.cluster_ca import fetch_cluster_ca
from twinkeel.topology.model import LoadBalancer, Topology
from twinkeel.vip import withdraw

__all__ = ["AnnouncerResult", "announcing_load_balancer", "enter_standby", "leave_standby"]


@dataclass(frozen=True)
class AnnouncerResult:
    """What a load balancer does now; `seconds` is for the whole procedure."""

    node: str
    state: Literal["aside", "announcing"]
    seconds: float


def announcing_load_balancer(topology: Topology, name: str) -> LoadBalancer | None:
    """The load balancer of that name, where every one announces; a control-plane host of that name is meant as such."""
    if topology.bgp is None or any(machine.name == name for machine in topology.control_plane):
        return None
    return next((each for each in topology.load_balancers if each.machine.name == name), None)


async def enter_standby(context: Context, balancer: LoadBalancer) -> AnnouncerResult:
    """It withdraws the virtual IPs, while another one announces them; until `leave_standby`, the next apply or its next boot.

    Raises:
        LockedError: another run works on these load balancers.
        HostError, VerificationError: see `twinkeel.vip.withdraw.withdraw_vips`.
    """
    began, topology = time.monotonic(), context.topology
    async with ClusterHosts(context).changing(f"twinkeel drain {balancer.machine.name}") as hosts:
        ca = await fetch_cluster_ca(hosts, topology.control_plane)
        await withdraw.withdraw_vips(hosts, topology, balancer, ca, context.on_event)
    return AnnouncerResult(balancer.machine.name, "aside", round(time.monotonic() - began, 3))


async def leave_standby(context: Context, balancer: LoadBalancer) -> AnnouncerResult:
    """It announces again at once, also where it waits after a failure.

    Raises:
        LockedError: another run works on these load balancers.
        HostError, VerificationError: see `twinkeel.vip.withdraw.announce_vips_at_once`.
    """
    began, topology = time.monotonic(), context.topology
    async with ClusterHosts(context).changing(f"twinkeel undrain {balancer.machine.name}") as hosts:
        await withdraw.announce_vips_at_once(hosts, topology, balancer)
    return AnnouncerResult(balancer.machine.name, "announcing", round(time.monotonic() - began, 3))
