"""The units and drop-ins that make a dead HAProxy known to keepalived at once, and the programs that find a hung one
and end the connections that one leaves behind."""

from collections.abc import Iterator, Mapping
from math import ceil
from pathlib import PurePosixPath

from twinkeel.render.files import RenderedFile
from twinkeel.render.haproxy import CHROOT, CONFIG_PATH, DRAINED_FILE, SOCKET_FOLDER, SPREAD_SECONDS
from twinkeel.render.limits import limits
from twinkeel.render.template import fill, read
from twinkeel.spec.fields import IPAddress
from twinkeel.spec.model import MONITOR_PORT
from twinkeel.topology.derived_times import hang_yield, vip_daemon_restart, yield_delay
from twinkeel.topology.model import Topology

DOWN_FILE = "/run/twinkeel/haproxy-down"
"""0 = HAProxy serves, 1 = it does not. Kept by systemd's hooks and the liveness watchdog."""

STANDBY_FILE = "/run/twinkeel/standby"
"""0 = normal, 1 = this load balancer must not hold a virtual IP. Kept by `apply` and `switchover`; 0 after a boot."""

HANG_FILE = "/run/twinkeel/haproxy-hangs"
"""1 while HAProxy is silent: a lower priority, so that a peer which can take the virtual IPs does, or no route where another one
serves. Only where it yields early."""

LINGER_PROGRAM = "/usr/local/lib/twinkeel/second-chance"
"""Serves connections of virtual IPs that are given away; `begin` precedes a planned move. Only with `failover.second_chance`."""

KEEPER_CONFIG = "/etc/twinkeel/second-chance.json"
"""What LINGER_PROGRAM reads."""

LIVENESS_STATE = "/run/twinkeel/liveness.json"
"""What the watchdog last heard and did, for the metrics. Only with `monitoring`."""

LIVENESS_PROGRAM = "/usr/local/lib/twinkeel/haproxy-liveness"
CONNECTIONS_UNIT = "/etc/systemd/system/twinkeel-connections.service"
CONNECTIONS_PROGRAM = "/usr/local/lib/twinkeel/haproxy-connections"
SERVERS_PROGRAM = "/usr/local/lib/twinkeel/haproxy-servers"

# Seconds for which HAProxy serves on when it is stopped: until another one has the virtual IP, or routers have dropped the route.
VIP_MOVES, ROUTES_CHANGE = 0.15, 0.4


def render_systemd(topology: Topology) -> tuple[RenderedFile, ...]:
    """Drop-ins for haproxy.service and keepalived.service, two units with their programs, and tmpfiles.d."""
    values: dict[str, object] = {
        "cluster": topology.name,
        "down_file": DOWN_FILE,
        "standby_file": STANDBY_FILE,
        "down_folder": str(PurePosixPath(DOWN_FILE).parent),
        "hang_file": HANG_FILE,
        "hang_yield": hang_yield(topology),
    }
    return (
        _haproxy_drop_in(topology, values),
        *_keepalived_unit(topology, values),
        _watchdog_unit(topology, values),
        _connections_unit(topology, values),
        RenderedFile("/etc/tmpfiles.d/twinkeel.conf", fill("tmpfiles.conf.j2", **values)),
        RenderedFile(LIVENESS_PROGRAM, read("haproxy-liveness"), mode=0o755),
        RenderedFile(CONNECTIONS_PROGRAM, read("haproxy-connections"), mode=0o755),
        RenderedFile(SERVERS_PROGRAM, read("haproxy-servers"), mode=0o755),
    )


def _haproxy_drop_in(topology: Topology, values: Mapping[str, object]) -> RenderedFile:
    content = fill(
        "haproxy-drop-in.conf.j2",
        **values,
        drained_file=DRAINED_FILE,
        config=CONFIG_PATH,
        servers_program=SERVERS_PROGRAM,
        socket_folder=SOCKET_FOLDER,
        moving=ROUTES_CHANGE if topology.bgp else VIP_MOVES,
        **_haproxy_process(topology),
    )
    return RenderedFile("/etc/systemd/system/haproxy.service.d/twinkeel.conf", content)


def _watchdog_unit(topology: Topology, values: Mapping[str, object]) -> RenderedFile:
    timers = topology.timers
    content = fill(
        "twinkeel-liveness.service.j2",
        **values,
        liveness_program=LIVENESS_PROGRAM,
        monitor_port=MONITOR_PORT,
        timers=timers,
        state_file=LIVENESS_STATE if topology.monitoring else "",
        keeper=LINGER_PROGRAM if topology.bgp is None else "",
        keeper_config=KEEPER_CONFIG,
        yield_delay=yield_delay(topology),
        yieldable=_yieldable(topology),
        announced=[vip.ip for vip in topology.endpoint.vips] if topology.bgp is not None else [],
        watchdog_sec=ceil(10 + 2 * timers.watchdog_deadline),
    )
    return RenderedFile("/etc/systemd/system/twinkeel-liveness.service", content)


def _connections_unit(topology: Topology, values: Mapping[str, object]) -> RenderedFile:
    content = fill(
        "twinkeel-connections.service.j2",
        **values,
        connections_program=CONNECTIONS_PROGRAM,
        socket_folder=SOCKET_FOLDER,
        moving=ROUTES_CHANGE if topology.bgp else VIP_MOVES,
        spread=SPREAD_SECONDS,
    )
    return RenderedFile(CONNECTIONS_UNIT, content)


def _keepalived_unit(topology: Topology, values: Mapping[str, object]) -> Iterator[RenderedFile]:
    if topology.bgp is not None:
        return
    content = fill(
        "keepalived-drop-in.conf.j2",
        **values,
        restart=vip_daemon_restart(topology),
        # From 2.2 on Keepalived tells systemd that it runs; packages of 2.1 fork, or do not.
        notifies=topology.vrrp_daemon.version >= (2, 2),
        linger_program=LINGER_PROGRAM if preserves(topology) else "",
    )
    yield RenderedFile("/etc/systemd/system/keepalived.service.d/twinkeel.conf", content)


def _yieldable(topology: Topology) -> list[IPAddress]:
    """The virtual IPs that a peer can have instead. With BGP all have them: twinkeel-announce looks for API servers itself."""
    return [vip.ip for vip in topology.endpoint.vips] if len(topology.load_balancers) > 1 and topology.bgp is None else []


def preserves(topology: Topology) -> bool:
    """Whether planned moves keep connections: the spec asks for it, and there is somebody to move to."""
    return topology.second_chance is not None and len(topology.load_balancers) > 1


def _haproxy_process(topology: Topology) -> dict[str, object]:
    log = topology.haproxy.log
    return {
        "limit_nofile": limits(topology).files,
        "runtime_folder": PurePosixPath(SOCKET_FOLDER).name,
        "chroot": CHROOT,
        "log_socket": log if log.startswith("/") else None,
    }
