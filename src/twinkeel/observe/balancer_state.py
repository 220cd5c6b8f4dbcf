"""What a load balancer is like now, as far as the order of work and the handover of virtual IPs depend on it."""

import asyncio
import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal

from twinkeel.hosts.executor import Reader
from twinkeel.observe.host_state import HostState, read_host_state
from twinkeel.render.keepalived import CONFIG_PATH as KEEPALIVED_CONFIG
from twinkeel.render.services import UNITS
from twinkeel.render.systemd import DOWN_FILE, STANDBY_FILE
from twinkeel.spec.fields import IPAddress
from twinkeel.status.backends import BACKEND
from twinkeel.topology.model import Topology

STATE_FILES = (KEEPALIVED_CONFIG, DOWN_FILE, STANDBY_FILE)

# How a load balancer is told to give its virtual IPs away: the standby file; the file of a dead HAProxy, where keepalived runs
# with a file of an older Twinkeel; or a stop of keepalived that somebody else set up.
HandoverMethod = Literal["standby", "haproxy-down", "stop"]


@dataclass(frozen=True)
class BalancerState:
    """One load balancer now. `holds` are the spec's virtual IPs that it has; `servers_up` counts API servers that HAProxy uses.

    `vrrp` holds the lines of its keepalived.conf that must agree between load balancers for them to hear each other, `known` the
    addresses of its unicast peers, `intervals` the seconds between advertisements of each VRRP instance. `serves_nobody`: its
    HAProxy knows API servers, and may send clients to none of them.
    """

    name: str
    holds: tuple[IPAddress, ...]
    haproxy: bool
    keepalived: bool
    down: bool
    standby: bool
    servers_up: int
    handover: HandoverMethod
    vrrp: frozenset[str]
    known: frozenset[str]
    serves_nobody: bool = False
    intervals: tuple[float, ...] = ()

    @property
    def may_take_over(self) -> bool:
        """Whether a virtual IP that leaves its holder can come here, as far as this host's own state goes."""
        return self.haproxy and self.keepalived and not self.down and not self.standby


def balancer_state(topology: Topology, name: str, state: HostState) -> BalancerState:
    """What matters for the order of work and for a handover, out of all that the host has."""
    config, backends = text_of(state, KEEPALIVED_CONFIG), state.servers.get(BACKEND, ())
    return BalancerState(
        name,
        holds=tuple(vip.ip for vip in topology.endpoint.vips if vip.ip in state.addresses),
        haproxy="ActiveState=active" in state.units["haproxy"].splitlines(),
        keepalived="ActiveState=active" in state.units["keepalived"].splitlines(),
        down=text_of(state, DOWN_FILE).strip() not in ("", "0"),
        standby=text_of(state, STANDBY_FILE).strip() not in ("", "0"),
        servers_up=sum(1 for backend in backends if backend.up),
        handover=handover_of(config),
        vrrp=vrrp_lines(config),
        known=unicast_peers(config),
        serves_nobody=bool(backends) and not any(backend.up for backend in backends),
        intervals=advert_intervals(config),
    )


def text_of(state: HostState, path: str) -> str:
    """A file's content as text; empty where there is none."""
    found = state.files.get(path)
    return "" if found is None else found.content.decode(errors="replace")


async def observe(reader: Reader, topology: Topology) -> dict[str, BalancerState]:
    """Every load balancer by its short name, in the spec's order.

    Raises:
        HostError: one cannot be asked.
    """
    machines = [balancer.machine for balancer in topology.load_balancers]
    states = await asyncio.gather(*(read_host_state(reader, machine, STATE_FILES, UNITS, folders=()) for machine in machines))
    return {machine.name: balancer_state(topology, machine.name, each) for machine, each in zip(machines, states, strict=True)}


def handover_of(config: str) -> HandoverMethod:
    """How keepalived, running with this file, can be told to give its virtual IPs away."""
    if STANDBY_FILE in config:
        return "standby"
    return "haproxy-down" if DOWN_FILE in config else "stop"


HEARING = ("vrrp_version", "virtual_router_id", "auth_type", "auth_pass", "unicast_ttl", "mcast_src_ip")


def vrrp_lines(config: str) -> frozenset[str]:
    """The lines of a keepalived.conf that must be alike on both sides, and whether it sends to peers or to a group.

    VRRP version 2, Keepalived's default, drops advertisements of another interval; version 3 takes the master's.
    """
    lines = [" ".join(line.split()) for line in config.splitlines()]
    hearing = HEARING if "vrrp_version 3" in lines else (*HEARING, "advert_int")
    return frozenset("mcast_src_ip" if line.startswith("mcast_src_ip") else line for line in lines if line.startswith(hearing))


def advert_intervals(config: str) -> tuple[float, ...]:
    """Seconds between advertisements, of each VRRP instance that says so; Keepalived's default, a second, where none does."""
    said = re.findall(r"^\s*advert_int\s+(\d+(?:\.\d+)?)\b", config, re.MULTILINE)
    return tuple(float(interval) for interval in said) or (1.0,)


_COMMENT = re.compile(r"[#!].*")
_PEERS = re.compile(r"\bunicast_peer\s*\{([^{}]*)\}")


def unicast_peers(config: str) -> frozenset[str]:
    """The addresses that a keepalived.conf sends its advertisements to; empty where it uses multicast.

    Nothing else in the file names a load balancer: virtual addresses, routes and scripts hold addresses as well.
    """
    blocks = _PEERS.findall(_COMMENT.sub("", config))
    return frozenset(str(address) for block in blocks for word in block.split() if (address := _address(word)) is not None)


def _address(word: str) -> IPAddress | None:
    try:
        return ip_address(word)
    except ValueError:
        return None
