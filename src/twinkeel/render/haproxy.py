"""haproxy.cfg, and the figures that it and the systemd unit must agree on."""

from typing import Literal

from twinkeel.render.files import RenderedFile
from twinkeel.render.template import fill
from twinkeel.spec.model import MONITOR_PORT as MONITOR_PORT
from twinkeel.topology.model import LoadBalancer, Topology

Trust = Literal["verified", "bootstrap"]

CONFIG_PATH = "/etc/haproxy/haproxy.cfg"
CA_PATH = "/etc/haproxy/kubernetes-ca.pem"
DRAINED_FILE = "/etc/haproxy/drained.state"
"""API servers out of rotation, as HAProxy's `show servers state` writes them. Kept by `drain` and `undrain`, never by `apply`."""

# Clients at once. A cluster of 1,000 nodes holds about 4,000 connections to its API.
FRONTEND_MAXCONN = 8000
# The loopback listener must answer when the frontend is full: it is how a hung HAProxy is told from a busy one.
GLOBAL_MAXCONN = FRONTEND_MAXCONN + 100
# HAProxy needs two files per connection and some for listeners, checks, threads and the admin socket.
LIMIT_NOFILE = 2 * GLOBAL_MAXCONN + 800

HARD_STOP_AFTER = "10m"
CLOSE_SPREAD_TIME = "30s"


def render_haproxy(topology: Topology, balancer: LoadBalancer, trust: Trust) -> RenderedFile:
    """haproxy.cfg for one load balancer, for HAProxy 2.6 and newer.

    `trust` is "verified" when the cluster's certificate authority lies at CA_PATH, "bootstrap" before it exists.
    """
    content = fill(
        "haproxy.cfg.j2",
        cluster=topology.name,
        machine=balancer.machine,
        endpoint=topology.endpoint,
        servers=topology.control_plane,
        api_port=topology.cluster.api_port,
        timers=topology.timers,
        trust=trust,
        ca_file=CA_PATH,
        drained_file=DRAINED_FILE,
        monitor_port=MONITOR_PORT,
        global_maxconn=GLOBAL_MAXCONN,
        frontend_maxconn=FRONTEND_MAXCONN,
        hard_stop=HARD_STOP_AFTER,
        close_spread=CLOSE_SPREAD_TIME,
    )
    return RenderedFile(CONFIG_PATH, content)
