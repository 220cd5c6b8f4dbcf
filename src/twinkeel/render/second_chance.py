"""Connection-preserving moves: the rules that pass segments on, the program that lingers, and their units.

Why and how is in docs/second-chance.md. Nothing is rendered unless `failover.second_chance` asks for it.
"""

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from twinkeel.render.files import RenderedFile
from twinkeel.render.systemd import KEEPER_CONFIG, LINGER_PROGRAM, STANDBY_FILE, preserves
from twinkeel.render.template import fill, read
from twinkeel.spec.fields import IPAddress
from twinkeel.topology.derived_times import hang_yield
from twinkeel.topology.model import LoadBalancer, Machine, Topology

RULES_PATH = "/etc/twinkeel/second-chance.nft"
CONFIG_PATH = KEEPER_CONFIG
STATE_PATH = "/run/twinkeel/lingering.json"
"""What the program notes while it runs."""

LINGER_UNIT = "twinkeel-linger.service"
RULES_UNIT = "twinkeel-second-chance.service"
SHUTDOWN_UNIT = "twinkeel-linger-at-shutdown.service"
TABLE = "twinkeel_second_chance"

FORGET = 2.0
"""Seconds after the last heartbeat of a lingering load balancer until the others stop passing on: ten heartbeats."""

# UDP, between load balancers; the rules look at it before any firewall and drop it. The probe comes from TCP port 1.
LINGER_PORT, GOODBYE_PORT, PROBE_PORT = 51112, 51113, 1

# Nobody has these addresses (RFC 5737, RFC 3849): the probe's source, so that a filter of strangers' sources is found.
STRANGER, STRANGER6 = "192.0.2.1", "2001:db8::1"


@dataclass(frozen=True)
class Peer:
    """Another load balancer: its own address of the family, the number that it says, and the set that holds for what it lingers."""

    name: str
    address: IPAddress
    identity: str
    set: str


@dataclass(frozen=True)
class Family:
    """What the table of one IP version holds. `vrrp` is where advertisements come from."""

    version: int
    vips: tuple[IPAddress, ...]
    peers: tuple[Peer, ...]
    vrrp: tuple[IPAddress, ...]
    stranger: str


def render_second_chance(topology: Topology, balancer: LoadBalancer) -> tuple[RenderedFile, ...]:
    """Its files; none where the spec does not ask for it, or where nobody else could take over."""
    window = topology.second_chance
    if window is None or not preserves(topology) or topology.bgp is not None:
        return ()
    families, values = tuple(_families(topology, balancer)), {"cluster": topology.name, "machine": balancer.machine}
    rules = fill(
        "second-chance.nft.j2",
        **values,
        families=families,
        table=TABLE,
        ports=served_ports(topology),
        device=balancer.machine.interface,
        forget=FORGET,
        linger_port=LINGER_PORT,
        goodbye_port=GOODBYE_PORT,
        probe_port=PROBE_PORT,
    )
    loads = fill(
        "second-chance.service.j2",
        **values,
        path=RULES_PATH,
        table=TABLE,
        families=["ip" if family.version == 4 else "ip6" for family in families],
    )
    shutdown = fill(
        "linger-at-shutdown.service.j2", **values, program=LINGER_PROGRAM, stop_timeout=ceil(_shutdown_window(window) + FORGET + 10)
    )
    return (
        RenderedFile(RULES_PATH, rules),
        RenderedFile(CONFIG_PATH, _config(topology, balancer, window)),
        RenderedFile(LINGER_PROGRAM, read("second-chance"), mode=0o755),
        RenderedFile(f"/etc/systemd/system/{RULES_UNIT}", loads),
        RenderedFile(f"/etc/systemd/system/{LINGER_UNIT}", linger_unit(topology, balancer, LINGER_PROGRAM)),
        RenderedFile(f"/etc/systemd/system/{SHUTDOWN_UNIT}", shutdown),
    )


def linger_unit(topology: Topology, balancer: LoadBalancer, command: str) -> str:
    """The unit that lingers; `command` is the program with its options, to which `linger` or `clean` is added."""
    return fill("linger.service.j2", cluster=topology.name, machine=balancer.machine, program=command)


def identity(machine: Machine) -> int:
    """The number by which load balancers tell each other apart in packets; every one computes the same."""
    return zlib.crc32(machine.name.encode())


def _families(topology: Topology, balancer: LoadBalancer) -> Iterator[Family]:
    for version in topology.endpoint.ip_versions:
        vips = tuple(vip.ip for vip in topology.endpoint.vips if vip.version == version)
        others = [other for other in topology.load_balancers if other is not balancer]
        peers = tuple(peer for number, other in enumerate(others, 1) for peer in _peer(other.machine, version, number))
        vrrp = tuple(sorted({peer for each in balancer.instances if each.vip.version == version for peer in each.peers}, key=int))
        yield Family(version, vips, peers, vrrp, STRANGER if version == 4 else STRANGER6)


def _peer(machine: Machine, version: int, number: int) -> Iterator[Peer]:
    address = machine.address_of(version)
    if address is not None:
        yield Peer(machine.name, address, f"{identity(machine):#010x}", f"lingers_{number}")


def served_ports(topology: Topology) -> list[int]:
    """The ports at which a virtual IP is served."""
    return [topology.endpoint.port, *sorted(service.port for service in topology.services)]


def _shutdown_window(window: float) -> float:
    """A reboot does not wait as long as a move may: watches never end by themselves."""
    return min(window, 10.0)


def _config(topology: Topology, balancer: LoadBalancer, window: float) -> str:
    settings = {
        "device": balancer.machine.interface,
        "identity": identity(balancer.machine),
        "ports": served_ports(topology),
        "window": window,
        "shutdown_window": _shutdown_window(window),
        "forget": FORGET,
        "linger_port": LINGER_PORT,
        "goodbye_port": GOODBYE_PORT,
        "probe_port": PROBE_PORT,
        "stranger": STRANGER,
        "stranger6": STRANGER6,
        "standby_file": STANDBY_FILE,
        "virtual_ips": [
            {"address": str(vip), "peers": [str(peer.address) for peer in family.peers]} | _vrrp(topology, balancer, vip)
            for family in _families(topology, balancer)
            for vip in family.vips
        ],
    }
    return json.dumps(settings, indent=2) + "\n"


def _vrrp(topology: Topology, balancer: LoadBalancer, vip: IPAddress) -> dict[str, object]:
    """How a virtual IP is advertised, for resignations; nothing where none are said."""
    if hang_yield(topology) is None:
        return {}
    (instance,) = (each for each in balancer.instances if each.vip.ip == vip)
    routers = [str(peer) for peer in instance.peers]
    centiseconds = round(instance.advert_interval * 100)
    return {"vrrp": {"vrid": instance.vrid, "centiseconds": centiseconds, "source": str(instance.source), "routers": routers}}
