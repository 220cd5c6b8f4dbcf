"""The program that tells Prometheus of a load balancer, its unit and its configuration. Only with `monitoring`."""

import json
from collections.abc import Iterator
from pathlib import PurePosixPath

from twinkeel.render.announce import ANNOUNCE_STATE
from twinkeel.render.files import RenderedFile
from twinkeel.render.frr import OWNER as FRR_OWNER
from twinkeel.render.haproxy import CA_PATH
from twinkeel.render.systemd import DOWN_FILE, LIVENESS_STATE, STANDBY_FILE
from twinkeel.render.template import fill, read
from twinkeel.topology.model import LoadBalancer, Topology
from twinkeel.topology.settings import Monitoring

CONFIG_PATH = "/etc/twinkeel/metrics.json"
METRICS_PROGRAM = "/usr/local/lib/twinkeel/metrics"
METRICS_UNIT = "twinkeel-metrics.service"
WATCHED_UNITS = ("haproxy.service", "keepalived.service", "twinkeel-liveness.service")
BGP_WATCHED_UNITS = ("haproxy.service", "frr.service", "twinkeel-announce.service", "twinkeel-liveness.service")
"""The units of a load balancer that must run."""

FRR_GROUPS = f"frrvty {FRR_OWNER}"
"""Who may ask FRR's daemons, and who may read its files; FRR's package makes the groups."""

# What `apply` keeps on a host: the digests of what its services run with, which files are ours, and what was before.
NOTES, LIVE, GENERATIONS = ("/var/lib/twinkeel/loaded.json", "/var/lib/twinkeel/live.json", "/var/lib/twinkeel/generations")


def render_monitoring(topology: Topology, balancer: LoadBalancer) -> tuple[RenderedFile, ...]:
    """Its files; none where the spec does not ask for it."""
    monitoring = topology.monitoring
    if monitoring is None:
        return ()
    unit = fill(
        "twinkeel-metrics.service.j2",
        cluster=topology.name,
        program=METRICS_PROGRAM,
        config=CONFIG_PATH,
        textfile_folder=str(PurePosixPath(monitoring.textfile).parent) if monitoring.textfile else "",
        after="keepalived.service" if topology.bgp is None else "frr.service",
        frr_groups="" if topology.bgp is None else FRR_GROUPS,
    )
    return (
        RenderedFile(CONFIG_PATH, _config(topology, balancer, monitoring)),
        RenderedFile(METRICS_PROGRAM, read("metrics"), mode=0o755),
        RenderedFile(f"/etc/systemd/system/{METRICS_UNIT}", unit),
    )


def _sources(topology: Topology, balancer: LoadBalancer) -> Iterator[tuple[str, str]]:
    """Where the other load balancers' advertisements come from, with whose they are."""
    for other in topology.load_balancers:
        if other is not balancer:
            yield from ((str(instance.source), other.machine.name) for instance in other.instances)


def _announced(topology: Topology) -> dict[str, object]:
    """What is asked of FRR and of the program that announces; nothing with VRRP."""
    if topology.bgp is None:
        return {}
    routers = [str(router.address) for router in topology.bgp.routers]
    return {"bgp": {"routers": routers, "bfd": topology.bgp.bfd is not None, "announcer_file": ANNOUNCE_STATE}}


def _config(topology: Topology, balancer: LoadBalancer, monitoring: Monitoring) -> str:
    settings = {
        "cluster": topology.name,
        "load_balancer": balancer.machine.name,
        "address": str(monitoring.address or balancer.machine.address),
        "port": monitoring.port,
        "readers": [str(reader) for reader in monitoring.readers],
        "textfile": monitoring.textfile,
        "virtual_ips": [str(vip.ip) for vip in topology.endpoint.vips],
        "instances": [{"vip": str(each.vip.ip), "version": each.vip.version, "vrid": each.vrid} for each in balancer.instances],
        "peers": dict(_sources(topology, balancer)),
        "down_file": DOWN_FILE,
        "standby_file": STANDBY_FILE,
        "liveness_file": LIVENESS_STATE,
        "units": list(WATCHED_UNITS if topology.bgp is None else BGP_WATCHED_UNITS),
        "notes": NOTES,
        "live": LIVE,
        "generations": GENERATIONS,
        "ca_file": CA_PATH,
        "api_servers": [
            {"name": machine.name, "address": str(machine.address), "port": topology.cluster.api_port}
            for machine in topology.control_plane
        ],
        **_announced(topology),
    }
    return json.dumps(settings, indent=2) + "\n"
