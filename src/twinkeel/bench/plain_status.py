"""Whether a system is whole, whatever configuration is on its load balancers: nothing is asked for that only ours has."""

import asyncio

from twinkeel.drill.drill import ReadStatus
from twinkeel.errors import HostError
from twinkeel.hosts.executor import Reader
from twinkeel.status.backends import Backend
from twinkeel.status.holders import read_addresses
from twinkeel.status.load_balancer import vrrp_state
from twinkeel.status.readyz import ask_readyz, tls_context
from twinkeel.status.snapshot import ControlPlaneState, LoadBalancerState, Snapshot, VipState
from twinkeel.topology.model import LoadBalancer, Topology
from twinkeel.vip.daemons import VRRP_DAEMON

THROUGH_IT = "the API through it"


def plain_status(ca: str) -> ReadStatus:
    """A look at addresses, at whether both services run, and at /readyz: through the virtual IP, through each load balancer's own
    address, and of each API server.

    Args:
        ca: the cluster's certificate authority, PEM.
    """
    context = tls_context(ca)

    async def read_status(reader: Reader, topology: Topology) -> Snapshot:
        async def balancer_state(balancer: LoadBalancer) -> LoadBalancerState:
            machine = balancer.machine
            try:
                addresses, units, answer = await asyncio.gather(
                    read_addresses(reader, machine),
                    reader.run(machine, ["systemctl", "is-active", "haproxy", VRRP_DAEMON.unit]),
                    ask_readyz(str(machine.address), port, context, name=name),
                )
            except HostError as error:
                return LoadBalancerState(machine.name, "UNREACHABLE", "unreachable", (), error.what)
            haproxy, daemon = (*units.stdout.split(), "unknown", "unknown")[:2]
            held = (str(vip),) if vip in addresses else ()
            state = vrrp_state(holds=bool(held), daemon=daemon, down=False)
            through = Backend(THROUGH_IT, "UP" if answer.ready else f"DOWN ({answer.detail})")
            return LoadBalancerState(machine.name, state, haproxy, (through,), vips=held)

        vip, port, name = topology.endpoint.vip.ip, topology.endpoint.port, topology.endpoint.name
        balancers, through_vip, direct = await asyncio.gather(
            asyncio.gather(*(balancer_state(balancer) for balancer in topology.load_balancers)),
            ask_readyz(str(vip), port, context, name=name),
            asyncio.gather(*(ask_readyz(str(each.address), topology.cluster.api_port, context) for each in topology.control_plane)),
        )
        holders = tuple(state.name for state in balancers if state.vips)
        return Snapshot(
            (VipState(str(vip), holders, through_vip.ready, through_vip.detail),),
            tuple(balancers),
            tuple(
                ControlPlaneState(each.name, answer.ready, answer.detail)
                for each, answer in zip(topology.control_plane, direct, strict=True)
            ),
        )

    return read_status
