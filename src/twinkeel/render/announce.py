"""The program that says when a load balancer announces the virtual IPs, and its unit. Only with `endpoint.mode: bgp`."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from twinkeel.render.files import RenderedFile
from twinkeel.render.haproxy import Trust
from twinkeel.render.second_chance import LINGER_PORT, TABLE, identity
from twinkeel.render.systemd import DOWN_FILE, HANG_FILE, STANDBY_FILE
from twinkeel.render.template import fill, read
from twinkeel.spec.fields import IPAddress
from twinkeel.spec.model import MONITOR_PORT
from twinkeel.topology.derived_times import yield_delay
from twinkeel.topology.model import Bgp, LoadBalancer, Topology

ANNOUNCE_PROGRAM = "/usr/local/lib/twinkeel/announce"
ANNOUNCE_UNIT = "twinkeel-announce.service"
ANNOUNCE_STATE = "/run/twinkeel/announce.json"
"""Whether it announces, why not, and when it will: for `status` and the metrics."""

FRR_DROP_IN = "/etc/systemd/system/frr.service.d/twinkeel.conf"


def render_announce(topology: Topology, bgp: Bgp, balancer: LoadBalancer, trust: Trust) -> tuple[RenderedFile, ...]:
    """The program, its unit, and a drop-in for frr.service.

    Before there is a cluster nobody waits for its API servers: the installation itself goes through the virtual IPs.
    """
    values = {"cluster": topology.name, "down_folder": str(PurePosixPath(DOWN_FILE).parent)}
    unit = fill(
        "twinkeel-announce.service.j2",
        **values,
        program=ANNOUNCE_PROGRAM,
        vips=[vip.ip for vip in topology.endpoint.vips],
        asn=bgp.asn,
        port=topology.endpoint.port,
        monitor_port=MONITOR_PORT,
        ask="/ready" if trust == "verified" else "/live",
        interval=topology.timers.watchdog_interval,
        lost_delay=yield_delay(topology),
        return_delay=bgp.return_delay,
        down_file=DOWN_FILE,
        standby_file=STANDBY_FILE,
        state_file=ANNOUNCE_STATE,
        others=list(_others(topology, balancer)),
        hang_file=HANG_FILE,
        table=TABLE,
        identity=identity(balancer.machine),
        device=balancer.machine.interface,
        peers=_peers(topology, balancer),
        linger_port=LINGER_PORT,
        window=topology.second_chance or 0.0,
    )
    return (
        RenderedFile(ANNOUNCE_PROGRAM, read("announce"), mode=0o755),
        RenderedFile(f"/etc/systemd/system/{ANNOUNCE_UNIT}", unit),
        RenderedFile(FRR_DROP_IN, fill("frr-drop-in.conf.j2", **values)),
    )


def _others(topology: Topology, balancer: LoadBalancer) -> Iterator[IPAddress]:
    """One own address of each other load balancer, of a kind at which its HAProxy listens: who is asked for an API server."""
    for other in topology.load_balancers:
        found = [other.machine.address_of(version) for version in topology.endpoint.ip_versions]
        if other is not balancer and any(found):
            yield next(address for address in found if address is not None)


def _peers(topology: Topology, balancer: LoadBalancer) -> list[str]:
    """The others' addresses of each kind that virtual IPs have, where they pass on what belongs to this one."""
    if topology.second_chance is None:
        return []
    others = [other.machine for other in topology.load_balancers if other is not balancer]
    found = [machine.address_of(version) for version in topology.endpoint.ip_versions for machine in others]
    return [str(address) for address in found if address is not None]
