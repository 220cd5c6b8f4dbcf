"""What the load balancers are like before they are changed, and the order of work that follows from it."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal

from twinkeel.hosts.executor import FileMissingError, Reader
from twinkeel.render.keepalived import CONFIG_PATH as KEEPALIVED_CONFIG
from twinkeel.render.systemd import DOWN_FILE, STANDBY_FILE
from twinkeel.spec.fields import IPAddress
from twinkeel.status.backends import read_backends
from twinkeel.status.holders import read_addresses
from twinkeel.topology.model import LoadBalancer, Topology

# How a load balancer is told to give its virtual IPs away: the standby file; the file of a dead HAProxy, where keepalived runs
# with a file of an older Twinkeel; or a stop of keepalived that somebody else set up.
Mover = Literal["standby", "haproxy-down", "stop"]


@dataclass(frozen=True)
class Look:
    """One load balancer now. `holds` are the spec's virtual IPs that it has; `servers_up` counts API servers that HAProxy uses.

    `vrrp` holds the lines of its keepalived.conf that must agree between load balancers for them to hear each other, `known` the
    addresses of its unicast peers. `serves_nobody`: its HAProxy knows API servers, and may send clients to none of them.
    """

    name: str
    holds: tuple[IPAddress, ...]
    haproxy: bool
    keepalived: bool
    down: bool
    standby: bool
    servers_up: int
    mover: Mover
    vrrp: frozenset[str]
    known: frozenset[str]
    serves_nobody: bool = False

    @property
    def may_take_over(self) -> bool:
        """Whether a virtual IP that leaves its holder can come here, as far as this host's own state goes."""
        return self.haproxy and self.keepalived and not self.down and not self.standby


async def look(reader: Reader, topology: Topology) -> dict[str, Look]:
    """Every load balancer by its short name, in the spec's order.

    Raises:
        HostError: one cannot be asked.
    """
    found = await asyncio.gather(*(_look_at(reader, topology, balancer) for balancer in topology.load_balancers))
    return {each.name: each for each in found}


async def _look_at(reader: Reader, topology: Topology, balancer: LoadBalancer) -> Look:
    machine = balancer.machine
    # The first answer makes the connection; the others share it.
    addresses = await read_addresses(reader, machine)
    units, backends, down, standby, config = await asyncio.gather(
        reader.run(machine, ["systemctl", "is-active", "haproxy", "keepalived"]),
        read_backends(reader, machine),
        _read(reader, balancer, DOWN_FILE),
        _read(reader, balancer, STANDBY_FILE),
        _read(reader, balancer, KEEPALIVED_CONFIG),
    )
    haproxy, keepalived = (*units.stdout.split(), "", "")[:2]
    return Look(
        machine.name,
        tuple(vip.ip for vip in topology.endpoint.vips if vip.ip in addresses),
        haproxy == "active",
        keepalived == "active",
        down.strip() not in ("", "0"),
        standby.strip() not in ("", "0"),
        sum(1 for backend in backends if backend.up),
        mover_of(config),
        vrrp_lines(config),
        unicast_peers(config),
        serves_nobody=bool(backends) and not any(backend.up for backend in backends),
    )


async def _read(reader: Reader, balancer: LoadBalancer, path: str) -> str:
    try:
        return (await reader.read_file(balancer.machine, path)).decode(errors="replace")
    except FileMissingError:
        return ""


def mover_of(config: str) -> Mover:
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


def is_unheard(balancer: LoadBalancer, candidate: str, holder: Look) -> bool:
    """Whether a load balancer that runs with the candidate keepalived.conf and a holder that does not yet cannot hear each other.

    It would take the virtual IP while the holder still has it.
    """
    return vrrp_lines(candidate) != holder.vrrp or _is_unknown(balancer, holder)


def is_deaf(balancer: LoadBalancer, found: Look, looks: Mapping[str, Look]) -> bool:
    """Whether some other load balancer holds a virtual IP, and this one would not hear it with the files that both have now."""
    holders = (each for each in looks.values() if each.holds and each.name != found.name)
    return any(each.vrrp != found.vrrp or _is_unknown(balancer, each) for each in holders)


def _is_unknown(balancer: LoadBalancer, holder: Look) -> bool:
    return any(not instance.multicast and str(instance.source) not in holder.known for instance in balancer.instances)


def batches(order: Sequence[str], looks: Mapping[str, Look]) -> tuple[tuple[str, ...], ...]:
    """Who is worked on together: a first one alone, then the other standbys at once, then each holder by itself.

    `order` is the spec's. The canary is a standby that can take over; else a standby; else the holder with the fewest virtual IPs.
    """
    standbys = sorted((name for name in order if not looks[name].holds), key=lambda name: not looks[name].may_take_over)
    holders = sorted((name for name in order if looks[name].holds), key=lambda name: len(looks[name].holds))
    if not standbys:
        return tuple((name,) for name in holders)
    return tuple(batch for batch in (tuple(standbys[:1]), tuple(standbys[1:]), *((name,) for name in holders)) if batch)
