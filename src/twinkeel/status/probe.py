"""Look at every part of the system at once, and change nothing."""

import asyncio
from collections.abc import Coroutine, Iterable
from contextlib import suppress

from twinkeel.errors import HostError
from twinkeel.hosts.cluster_ca import fetch_cluster_ca
from twinkeel.hosts.executor import Reader
from twinkeel.render.haproxy import CA_PATH
from twinkeel.status.load_balancer import read_balancer
from twinkeel.status.readyz import Readiness, ask_readyz, tls_context
from twinkeel.status.snapshot import ControlPlaneState, LoadBalancerState, Snapshot, VipState
from twinkeel.topology.model import Machine, Topology

CA_TIMEOUT = 4.0
NO_CA = Readiness("not known", "the cluster's certificate authority could not be read from any host")


async def take_snapshot(reader: Reader, topology: Topology) -> Snapshot:
    """The state of the system now. Hosts that cannot be asked are part of the answer, never an error."""
    balancers, (through_vips, control_plane) = await asyncio.gather(
        asyncio.gather(*(read_balancer(reader, topology, balancer) for balancer in topology.load_balancers)),
        _ask_api(reader, topology),
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
        vips.append(VipState(str(vip.ip), holders, answer.ready, answer.detail, answer.known))
    hosts = zip(topology.control_plane, control_plane, strict=True)
    return Snapshot(
        tuple(vips),
        tuple(balancers),
        tuple(ControlPlaneState(machine.name, answer.ready, answer.detail, answer.known) for machine, answer in hosts),
        exclusive=topology.bgp is None,
    )


async def _ask_api(reader: Reader, topology: Topology) -> tuple[list[Readiness], list[Readiness]]:
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
    """From the control plane, or else from a load balancer, which has a copy that `apply` put there; the first that answers."""
    return await _first(fetch_cluster_ca(reader, (machine,)) for machine in topology.control_plane) or await _first(
        _copy(reader, balancer.machine) for balancer in topology.load_balancers
    )


async def _copy(reader: Reader, machine: Machine) -> str:
    return (await reader.read_file(machine, CA_PATH)).decode()


async def _first(asked: Iterable[Coroutine[None, None, str | None]]) -> str | None:
    """The first answer that is one; a host that hangs holds nobody up, and all together have CA_TIMEOUT."""
    tasks = [asyncio.create_task(each) for each in asked]
    try:
        async with asyncio.timeout(CA_TIMEOUT):
            for answer in asyncio.as_completed(tasks):
                with suppress(HostError):
                    if found := await answer:
                        return found
    except TimeoutError:
        pass
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return None
