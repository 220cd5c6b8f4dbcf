"""Load balancers that left the spec: one that still runs the VRRP daemon would take the virtual IP a second time.

Its former peers do not listen to it any more, nor speak to it, so it believes that it is alone.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_address

from twinkeel.errors import HostError, VerificationError
from twinkeel.hosts.executor import Reader
from twinkeel.render.services import units
from twinkeel.spec.fields import IPAddress
from twinkeel.topology.model import Topology
from twinkeel.vip.balancer_state import BalancerState
from twinkeel.vip.choose_backend import vip_backend
from twinkeel.vip.daemons import VRRP_DAEMON


def stop_command(topology: Topology) -> str:
    """What a person types on a host that is no load balancer any more."""
    first, *more = reversed(units(topology))
    return f"systemctl disable --now {first} haproxy {' '.join(unit for unit in more if unit != 'haproxy')}"


def decommissioned_peers(topology: Topology, observed: Mapping[str, BalancerState]) -> tuple[IPAddress, ...]:
    """Addresses that the live files name as load balancers and the spec does not, in order; a virtual IP is never one."""
    ours = {instance.source for balancer in topology.load_balancers for instance in balancer.instances}
    ours |= {balancer.machine.address for balancer in topology.load_balancers} | {vip.ip for vip in topology.endpoint.vips}
    named = {ip_address(word) for each in observed.values() for word in each.settings.peers}
    return tuple(sorted(named - ours, key=lambda address: (address.version, int(address))))


async def require_stopped(reader: Reader, topology: Topology, observed: Mapping[str, BalancerState]) -> tuple[str, ...]:
    """See that nobody who left can take the virtual IP; a line for each that could not be asked.

    Raises:
        VerificationError: the VRRP daemon still runs on one.
    """
    gone = decommissioned_peers(topology, observed)
    answers = await asyncio.gather(*(_daemon_runs(reader, topology, address) for address in gone))
    unknown = []
    for address, runs in zip(gone, answers, strict=True):
        if runs:
            raise VerificationError(
                f"{address} is no load balancer in the spec any more, and {VRRP_DAEMON.name} still runs there: "
                "it would take the virtual IP a second time",
                where=str(address),
                hint=f"on that host: {stop_command(topology)}; then run this again",
            )
        if runs is None:
            unknown.append(
                f"{address} is no load balancer in the spec any more, and cannot be reached. Before it comes back, there: "
                f"{stop_command(topology)}"
            )
    return tuple(unknown)


async def _daemon_runs(reader: Reader, topology: Topology, address: IPAddress) -> bool | None:
    """Asked as the other load balancers are; None when it cannot be."""
    like = topology.load_balancers[0].machine
    machine = replace(
        like, name=str(address), fqdn=str(address), address=address, address6=None, ssh=replace(like.ssh, address=None)
    )
    try:
        return (await reader.run(machine, ["systemctl", "is-active", vip_backend(topology).unit])).stdout.strip() == "active"
    except HostError:
        return None
