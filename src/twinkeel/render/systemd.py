"""The units and drop-ins that make a dead HAProxy known to keepalived at once, and the program that finds a hung one."""

from math import ceil
from pathlib import PurePosixPath

from twinkeel.render.files import RenderedFile
from twinkeel.render.haproxy import DRAINED_FILE, LIMIT_NOFILE
from twinkeel.render.template import fill, read
from twinkeel.spec.model import MONITOR_PORT
from twinkeel.topology.model import Topology

DOWN_FILE = "/run/twinkeel/haproxy-down"
"""0 = HAProxy serves, 1 = it does not. Kept by systemd's hooks and the liveness watchdog."""

STANDBY_FILE = "/run/twinkeel/standby"
"""0 = normal, 1 = this load balancer must not hold a virtual IP. Kept by `apply` and `switchover`; 0 after a boot."""

LIVENESS_PROGRAM = "/usr/local/lib/twinkeel/haproxy-liveness"


def render_systemd(topology: Topology) -> tuple[RenderedFile, ...]:
    """Drop-ins for haproxy.service and keepalived.service, the liveness unit with its program, and tmpfiles.d."""
    values = {
        "cluster": topology.name,
        "down_file": DOWN_FILE,
        "standby_file": STANDBY_FILE,
        "down_folder": str(PurePosixPath(DOWN_FILE).parent),
    }
    timers = topology.timers
    return (
        RenderedFile(
            "/etc/systemd/system/haproxy.service.d/twinkeel.conf",
            fill("haproxy-drop-in.conf.j2", **values, drained_file=DRAINED_FILE, limit_nofile=LIMIT_NOFILE),
        ),
        RenderedFile("/etc/systemd/system/keepalived.service.d/twinkeel.conf", fill("keepalived-drop-in.conf.j2", **values)),
        RenderedFile(
            "/etc/systemd/system/twinkeel-liveness.service",
            fill(
                "twinkeel-liveness.service.j2",
                **values,
                liveness_program=LIVENESS_PROGRAM,
                monitor_port=MONITOR_PORT,
                timers=timers,
                watchdog_sec=ceil(10 + 2 * timers.watchdog_deadline),
            ),
        ),
        RenderedFile("/etc/tmpfiles.d/twinkeel.conf", fill("tmpfiles.conf.j2", **values)),
        RenderedFile(LIVENESS_PROGRAM, read("haproxy-liveness"), mode=0o755),
    )
