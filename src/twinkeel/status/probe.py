"""Look at every part of the system at once, and change nothing."""

import asyncio

from twinkeel.errors import HostError
from twinkeel.hosts.cluster_ca import fetch_cluster_ca
from twinkeel.hosts.executor import Reader
from twinkeel.render.haproxy import CA_PATH
from twinkeel.status.load_balancer import look_at_balancer
from twinkeel.status.readyz import Readiness, ask_readyz, tls_context
from twinkeel.status.snapshot import ControlPlaneState, LoadBalancerState, Snapshot, VipState
from twinkeel.topology.model import Topology

NO_CA = Readiness("not verified", "the cluster's certificate authority could not be read from any host")


async def take_snapshot(reader: Reader, topology: Topology) -> Snapshot:
    """The state of the system now. Hosts that cannot be asked are part of the answer, never an error."""
    balancers, (through_vips, control_plane) = await asyncio.gather(
        asyncio.gather(*(look_at_balancer(reader, topology, balancer) for balancer in topology.load_balancers)),
        _look_at_api(reader, topology),
    )
    return assemble(topology, balancers, through_vips, control_plane)


def assemble(
    topology: Topology,
    balancers: list[LoadBalancerState],
    through_vips: list[Readiness],
    control_plane: list[Readiness],
) -> Snapshot:
    """One value out of the parts, each list in the topology's order."""
    vips = []
    for vip, answer in zip(topology.endpoint.vips, through_vips, strict=True):
        holders = tuple(state.name for state in balancers if str(vip.ip) in state.vips)
        vips.append(VipState(str(vip.ip), holders, answer.ready, answer.detail))
    hosts = zip(topology.control_plane, control_plane, strict=True)
    return Snapshot(
        tuple(vips),
        tuple(balancers),
        tuple(ControlPlaneState(machine.name, answer.ready, answer.detail) for machine, answer in hosts),
    )


async def _look_at_api(reader: Reader, topology: Topology) -> tuple[list[Readiness], list[Readiness]]:
    """What /readyz says through each virtual IP, and on each control-plane host."""
    vips, machines = topology.endpoint.vips, topology.control_plane
    ca = await find_ca(reader, topology)
    if ca is None:
        return [NO_CA] * len(vips), [NO_CA] * len(machines)
    context, api_port, port = tls_context(ca), topology.cluster.api_port, topology.endpoint.port
    places = [*((str(vip.ip), port) for vip in vips), *((str(machine.address), api_port) for machine in machines)]
    wanted = topology.cluster.anonymous_status
    answers = await asyncio.gather(*(ask_readyz(address, asked, context, wanted=wanted) for address, asked in places))
    return answers[: len(vips)], answers[len(vips) :]


async def find_ca(reader: Reader, topology: Topology) -> str | None:
    """From the control plane, or else from a load balancer, which has a copy that `apply` put there."""
    try:
        return await fetch_cluster_ca(reader, topology.control_plane)
    except HostError:
        pass
    for balancer in topology.load_balancers:
        try:
            return (await reader.read_file(balancer.machine, CA_PATH)).decode()
        except HostError:
            continue
    return None
