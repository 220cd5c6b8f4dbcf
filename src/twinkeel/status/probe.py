"""Look at every part of the system at once, and change nothing."""

import asyncio

from twinkeel.errors import HostError
from twinkeel.hosts.cluster_ca import fetch_cluster_ca
from twinkeel.hosts.executor import FileMissingError, Reader
from twinkeel.render.haproxy import CA_PATH
from twinkeel.render.systemd import DOWN_FILE
from twinkeel.status.backends import read_backends
from twinkeel.status.holders import read_addresses
from twinkeel.status.readyz import Readiness, ask_readyz, tls_context
from twinkeel.status.snapshot import ControlPlaneState, LoadBalancerState, Snapshot, VipState
from twinkeel.topology.model import LoadBalancer, Topology

NO_CA = Readiness("not verified", "the cluster's certificate authority could not be read from any host")


async def take_snapshot(reader: Reader, topology: Topology) -> Snapshot:
    """The state of the system now. Hosts that cannot be asked are part of the answer, never an error."""
    balancers, (endpoint, control_plane) = await asyncio.gather(
        asyncio.gather(*(_look_at_balancer(reader, balancer) for balancer in topology.load_balancers)),
        _look_at_api(reader, topology),
    )
    vip = topology.endpoint.vip.ip
    holders = tuple(state.name for state in balancers if state.vrrp_state == "MASTER")
    return Snapshot((VipState(str(vip), holders),), tuple(balancers), control_plane, endpoint.ready, endpoint.detail)


async def _look_at_balancer(reader: Reader, balancer: LoadBalancer) -> LoadBalancerState:
    machine = balancer.machine
    try:
        addresses, units, down, backends = await asyncio.gather(
            read_addresses(reader, machine),
            reader.run(machine, ["systemctl", "is-active", "haproxy", "keepalived"]),
            _read_down_file(reader, balancer),
            read_backends(reader, machine),
        )
    except HostError as error:
        return LoadBalancerState(machine.name, "UNREACHABLE", "unreachable", (), error.what)
    haproxy, keepalived = (*units.stdout.split(), "unknown", "unknown")[:2]
    holds = any(instance.vip.ip in addresses for instance in balancer.instances)
    return LoadBalancerState(machine.name, vrrp_state(holds=holds, keepalived=keepalived, down=down), haproxy, backends)


def vrrp_state(*, holds: bool, keepalived: str, down: bool) -> str:
    """What keepalived must be in: it has no cheap way to be asked, but its inputs and its one output can be seen."""
    if holds:
        return "MASTER"
    if keepalived != "active":
        return "STOPPED"
    return "FAULT" if down else "BACKUP"


async def _read_down_file(reader: Reader, balancer: LoadBalancer) -> bool:
    try:
        return (await reader.read_file(balancer.machine, DOWN_FILE)).strip() != b"0"
    except FileMissingError:
        return True


async def _look_at_api(reader: Reader, topology: Topology) -> tuple[Readiness, tuple[ControlPlaneState, ...]]:
    ca = await _find_ca(reader, topology)
    if ca is None:
        return NO_CA, tuple(ControlPlaneState(machine.name, False, NO_CA.detail) for machine in topology.control_plane)
    context, api_port, endpoint = tls_context(ca), topology.cluster.api_port, topology.endpoint
    through_vip, *direct = await asyncio.gather(
        ask_readyz(str(endpoint.vip.ip), endpoint.port, context),
        *(ask_readyz(str(machine.address), api_port, context) for machine in topology.control_plane),
    )
    states = zip(topology.control_plane, direct, strict=True)
    return through_vip, tuple(ControlPlaneState(machine.name, answer.ready, answer.detail) for machine, answer in states)


async def _find_ca(reader: Reader, topology: Topology) -> str | None:
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
