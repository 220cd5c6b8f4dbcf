"""Look at every part of the system at once, and change nothing."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from twinkeel.errors import HostError
from twinkeel.hosts.cluster_ca import fetch_cluster_ca
from twinkeel.hosts.executor import FileMissingError, Reader
from twinkeel.render.haproxy import CA_PATH
from twinkeel.render.systemd import DOWN_FILE, STANDBY_FILE
from twinkeel.status.announcer import look_at_announcer
from twinkeel.status.backends import BACKEND, SERVICE_PREFIX, Backend, read_servers
from twinkeel.status.holders import read_addresses
from twinkeel.status.lingering import Lingering, read_lingering
from twinkeel.status.readyz import Readiness, ask_readyz, tls_context
from twinkeel.status.snapshot import ControlPlaneState, LoadBalancerState, ServiceState, Snapshot, VipState
from twinkeel.topology.model import LoadBalancer, Topology

NO_CA = Readiness("not verified", "the cluster's certificate authority could not be read from any host")


async def take_snapshot(reader: Reader, topology: Topology, ca: str | None = None) -> Snapshot:
    """The state of the system now. Hosts that cannot be asked are part of the answer, never an error.

    Args:
        ca: the cluster's authority where it is known already: somebody who asks every second reads it once (`find_ca`).
    """
    balancers, (through_vips, control_plane) = await asyncio.gather(
        asyncio.gather(*(_look_at_balancer(reader, topology, balancer) for balancer in topology.load_balancers)),
        _look_at_api(reader, topology, ca),
    )
    vips = []
    for vip, answer in zip(topology.endpoint.vips, through_vips, strict=True):
        address = str(vip.ip)
        holders = tuple(state.name for state in balancers if address in state.vips)
        vips.append(VipState(address, holders, answer.ready, answer.detail))
    return Snapshot(tuple(vips), tuple(balancers), control_plane, exclusive=topology.bgp is None)


async def _look_at_balancer(reader: Reader, topology: Topology, balancer: LoadBalancer) -> LoadBalancerState:
    machine = balancer.machine
    try:
        addresses, units, down, standby, servers, lingering = await asyncio.gather(
            read_addresses(reader, machine),
            reader.run(machine, ["systemctl", "is-active", "haproxy", *_vip_daemons(topology)]),
            _is_set(reader, balancer, DOWN_FILE, missing=True),
            _is_set(reader, balancer, STANDBY_FILE, missing=False),
            read_servers(reader, machine),
            _lingering(reader, topology, balancer),
        )
    except HostError as error:
        return LoadBalancerState(machine.name, "UNREACHABLE", "unreachable", (), error.what)
    haproxy, *daemons = units.stdout.split() or ["unknown"]
    vips = tuple(str(vip.ip) for vip in topology.endpoint.vips if vip.ip in addresses)
    seen = LoadBalancerState(
        machine.name, "", haproxy, servers.get(BACKEND, ()), vips=vips, services=_services(servers), lingering=lingering
    )
    if topology.bgp is not None:
        return await look_at_announcer(reader, machine, seen, runs=daemons == ["active"] * 2, standby=standby)
    state = vrrp_state(holds=bool(vips), keepalived=(*daemons, "unknown")[0], down=down, standby=standby)
    return replace(seen, vrrp_state=state)


def _vip_daemons(topology: Topology) -> tuple[str, ...]:
    return ("keepalived",) if topology.bgp is None else ("frr", "twinkeel-announce")


async def _lingering(reader: Reader, topology: Topology, balancer: LoadBalancer) -> Lingering | None:
    return None if topology.second_chance is None else await read_lingering(reader, balancer.machine)


def _services(servers: Mapping[str, tuple[Backend, ...]]) -> tuple[ServiceState, ...]:
    return tuple(
        ServiceState(name.removeprefix(SERVICE_PREFIX), backends)
        for name, backends in servers.items()
        if name.startswith(SERVICE_PREFIX)
    )


def vrrp_state(*, holds: bool, keepalived: str, down: bool, standby: bool = False) -> str:
    """What keepalived must be in: it has no cheap way to be asked, but its inputs and its one output can be seen."""
    if holds:
        return "MASTER"
    if keepalived != "active":
        return "STOPPED"
    if down:
        return "FAULT"
    return "STANDBY" if standby else "BACKUP"


async def _is_set(reader: Reader, balancer: LoadBalancer, path: str, *, missing: bool) -> bool:
    """Whether a tracked file says something else than 0; `missing` is what a file that is not there counts as."""
    try:
        return (await reader.read_file(balancer.machine, path)).strip() != b"0"
    except FileMissingError:
        return missing


async def _look_at_api(
    reader: Reader, topology: Topology, known: str | None
) -> tuple[tuple[Readiness, ...], tuple[ControlPlaneState, ...]]:
    """What /readyz says through each virtual IP, and on each control-plane host."""
    vips, machines = topology.endpoint.vips, topology.control_plane
    ca = known or await find_ca(reader, topology)
    if ca is None:
        return (NO_CA,) * len(vips), tuple(ControlPlaneState(machine.name, False, NO_CA.detail) for machine in machines)
    context, api_port, port = tls_context(ca), topology.cluster.api_port, topology.endpoint.port
    places = [*((str(vip.ip), port) for vip in vips), *((str(machine.address), api_port) for machine in machines)]
    wanted = topology.cluster.anonymous_status
    answers = await asyncio.gather(*(ask_readyz(address, asked, context, wanted=wanted) for address, asked in places))
    direct = zip(machines, answers[len(vips) :], strict=True)
    return tuple(answers[: len(vips)]), tuple(ControlPlaneState(each.name, answer.ready, answer.detail) for each, answer in direct)


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
