"""What a load balancer is like now, as far as the order of work and the handover of virtual IPs depend on it."""

import asyncio
from dataclasses import dataclass

from twinkeel.hosts.executor import Reader
from twinkeel.observe.host_state import HostState, read_host_state
from twinkeel.render.services import units
from twinkeel.render.systemd import DOWN_FILE, STANDBY_FILE
from twinkeel.spec.fields import IPAddress
from twinkeel.status.backends import BACKEND
from twinkeel.topology.model import Topology
from twinkeel.vip.backend import HandoverMethod, LiveSettings
from twinkeel.vip.choose_backend import vip_backend


@dataclass(frozen=True)
class BalancerState:
    """One load balancer now. `holds` are the spec's virtual IPs that it has; `servers_up` counts API servers that HAProxy uses.

    `vip_daemon` says whether what shares the virtual IPs out runs, `settings` what its file says. `serves_nobody`: its HAProxy
    knows API servers, and may send clients to none of them.
    """

    name: str
    holds: tuple[IPAddress, ...]
    haproxy: bool
    vip_daemon: bool
    down: bool
    standby: bool
    servers_up: int
    settings: LiveSettings
    serves_nobody: bool = False

    @property
    def handover(self) -> HandoverMethod:
        """How it is told to give its virtual IPs away."""
        return self.settings.handover

    @property
    def may_take_over(self) -> bool:
        """Whether a virtual IP that leaves its holder can come here, as far as this host's own state goes."""
        return self.haproxy and self.vip_daemon and not self.down and not self.standby


def balancer_state(topology: Topology, name: str, state: HostState) -> BalancerState:
    """What matters for the order of work and for a handover, out of all that the host has."""
    backend, servers = vip_backend(topology), state.servers.get(BACKEND, ())
    return BalancerState(
        name,
        holds=tuple(vip.ip for vip in topology.endpoint.vips if vip.ip in state.addresses),
        haproxy="ActiveState=active" in state.units["haproxy"].splitlines(),
        vip_daemon="ActiveState=active" in state.units[backend.unit].splitlines(),
        down=text_of(state, DOWN_FILE).strip() not in ("", "0"),
        standby=text_of(state, STANDBY_FILE).strip() not in ("", "0"),
        servers_up=sum(1 for server in servers if server.up),
        settings=backend.read(text_of(state, backend.config_path)),
        serves_nobody=bool(servers) and not any(server.up for server in servers),
    )


def state_files(topology: Topology) -> tuple[str, ...]:
    """The files that it is read from."""
    return (vip_backend(topology).config_path, DOWN_FILE, STANDBY_FILE)


def text_of(state: HostState, path: str) -> str:
    """A file's content as text; empty where there is none."""
    found = state.files.get(path)
    return "" if found is None else found.content.decode(errors="replace")


async def observe(reader: Reader, topology: Topology) -> dict[str, BalancerState]:
    """Every load balancer by its short name, in the spec's order.

    Raises:
        HostError: one cannot be asked.
    """
    machines, files = [balancer.machine for balancer in topology.load_balancers], state_files(topology)
    states = await asyncio.gather(*(read_host_state(reader, machine, files, units(topology), folders=()) for machine in machines))
    return {machine.name: balancer_state(topology, machine.name, each) for machine, each in zip(machines, states, strict=True)}
