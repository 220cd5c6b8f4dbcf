"""Passing segments on among load balancers that all announce the virtual IPs, so that no connection breaks when one comes or goes.

Why and how is in docs/second-chance.md. Nothing is rendered unless `failover.second_chance` asks for it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from twinkeel.render.files import RenderedFile
from twinkeel.render.second_chance import FORGET, LINGER_PORT, RULES_PATH, RULES_UNIT, TABLE, Peer, identity, served_ports
from twinkeel.render.systemd import preserves
from twinkeel.render.template import fill
from twinkeel.spec.fields import IPAddress
from twinkeel.topology.model import LoadBalancer, Topology

WORDS = 3
"""For how many intervals of the watchdog a load balancer's word counts that it announces and is well; it says it in each."""


@dataclass(frozen=True)
class Round:
    """What another load balancer has begun to pass on: its number, and who is asked between this one and that one, in order."""

    place: int
    peers: tuple[Peer, ...]


@dataclass(frozen=True)
class Family:
    """What the table of one IP version holds. `peers` are in the order in which they are asked."""

    version: int
    vips: tuple[IPAddress, ...]
    peers: tuple[Peer, ...]
    rounds: tuple[Round, ...]


def render_pass_on(topology: Topology, balancer: LoadBalancer) -> tuple[RenderedFile, ...]:
    """The rules and the unit that loads them; none where the spec does not ask for it, or where VRRP moves virtual IPs."""
    if topology.bgp is None or not preserves(topology):
        return ()
    families, values = tuple(_families(topology, balancer)), {"cluster": topology.name, "machine": balancer.machine}
    rules = fill(
        "pass-on.nft.j2",
        **values,
        families=families,
        table=TABLE,
        ports=served_ports(topology),
        device=balancer.machine.interface,
        place=topology.load_balancers.index(balancer) + 1,
        forget=FORGET,
        announced=min(FORGET, WORDS * topology.timers.watchdog_interval),
        linger_port=LINGER_PORT,
    )
    tables = ["ip" if family.version == 4 else "ip6" for family in families]
    loads = fill("second-chance.service.j2", **values, path=RULES_PATH, table=TABLE, families=tables)
    return (RenderedFile(RULES_PATH, rules), RenderedFile(f"/etc/systemd/system/{RULES_UNIT}", loads))


def _families(topology: Topology, balancer: LoadBalancer) -> Iterator[Family]:
    for version in topology.endpoint.ip_versions:
        peers = tuple(_ring(topology, balancer, version))
        # Who is asked on behalf of peer n: those after this load balancer and before that one.
        rounds = tuple(Round(place, tuple(each for _, each in peers[:count])) for count, (place, _) in enumerate(peers) if count)
        vips = tuple(vip.ip for vip in topology.endpoint.vips if vip.version == version)
        yield Family(version, vips, tuple(peer for _, peer in peers), rounds)


def _ring(topology: Topology, balancer: LoadBalancer, version: int) -> Iterator[tuple[int, Peer]]:
    """The others with their numbers, beginning with the one after this."""
    balancers = topology.load_balancers
    own = balancers.index(balancer)
    for step in range(1, len(balancers)):
        place = (own + step) % len(balancers)
        machine = balancers[place].machine
        address = machine.address_of(version)
        if address is not None:
            yield place + 1, Peer(machine.name, address, f"{identity(machine):#010x}", f"serves_{place + 1}")
