"""haproxy.cfg."""

import base64
import hashlib
from functools import partial
from typing import Any, Literal

from twinkeel.render.files import RenderedFile
from twinkeel.render.limits import METRICS_CONNECTIONS, limits
from twinkeel.render.template import fill
from twinkeel.render.versions import haproxy_has
from twinkeel.spec.fields import IPAddress
from twinkeel.spec.model import MONITOR_PORT as MONITOR_PORT
from twinkeel.spec.secrets import Secrets
from twinkeel.topology.model import LoadBalancer, Topology
from twinkeel.topology.readers import reader_texts
from twinkeel.topology.settings import Metrics

Trust = Literal["verified", "bootstrap"]

CONFIG_PATH = "/etc/haproxy/haproxy.cfg"
CA_PATH = "/etc/haproxy/kubernetes-ca.pem"
DRAINED_FILE = "/etc/haproxy/drained.state"
"""API servers out of rotation, as HAProxy's `show servers state` writes them. Kept by `drain` and `undrain`, never by `apply`.

Over a reload haproxy-servers adds those that are down."""

CHROOT = "/var/lib/haproxy"
SOCKET_FOLDER = "/run/haproxy"

BACKEND = "kubernetes-api"
"""The API servers' backend. A frontend has another name: HAProxy 3.2 warns of a shared one, 3.3 refuses it."""

HARD_STOP_AFTER = "10m"
"""When HAProxy itself ends what an old worker still has, all at once."""

SPREAD_SECONDS = 300
"""Over how long haproxy-connections ends an old worker's connections: half of that, so that none is left then."""

SERVER_USER_TIMEOUT = "4s"
"""How long a server's machine may leave what it was sent unacknowledged. Old workers have it, too: they check no servers."""

BALANCES = {"leastconn": "leastconn", "random": "random(2)", "roundrobin": "roundrobin"}
"""What haproxy.cfg says, by `haproxy.balance`."""

# By IP version: every address of the host. The virtual IPs come and go, so no listener is bound to one.
_EVERY_ADDRESS = {4: "bind *:{port}", 6: "bind [::]:{port} v6only"}


def render_haproxy(topology: Topology, balancer: LoadBalancer, trust: Trust, secrets: Secrets | None = None) -> RenderedFile:
    """haproxy.cfg for one load balancer, for the spec's version of HAProxy.

    `trust` is "verified" when the cluster's certificate authority lies at CA_PATH, "bootstrap" before it exists. The file is
    private when it holds something made from a password.
    """
    metrics = topology.haproxy.metrics
    digest = _digest(metrics, secrets or Secrets())
    content = fill(
        "haproxy.cfg.j2",
        cluster=topology.name,
        machine=balancer.machine,
        endpoint=topology.endpoint,
        binds=[_EVERY_ADDRESS[version] for version in topology.endpoint.ip_versions],
        backend=BACKEND,
        servers=topology.control_plane,
        services=topology.services,
        api=topology.cluster,
        timers=topology.timers,
        log=topology.haproxy.log,
        extra=topology.haproxy.extra,
        has=partial(haproxy_has, topology.haproxy.version),
        limits=limits(topology),
        balance=BALANCES[topology.haproxy.balance],
        trust=trust,
        ca_file=CA_PATH,
        drained_file=DRAINED_FILE,
        chroot=CHROOT,
        socket_folder=SOCKET_FOLDER,
        monitor_port=MONITOR_PORT,
        hard_stop=HARD_STOP_AFTER,
        user_timeout=SERVER_USER_TIMEOUT,
        metrics=_metrics(metrics, balancer, digest),
    )
    return RenderedFile(CONFIG_PATH, content, mode=0o644 if digest is None else 0o600)


def _metrics(metrics: Metrics | None, balancer: LoadBalancer, digest: str | None) -> dict[str, Any] | None:
    if metrics is None:
        return None
    address: IPAddress = metrics.address or balancer.machine.address
    readers = reader_texts(metrics.readers)
    return {"address": address, "port": metrics.port, "digest": digest, "readers": readers, "connections": METRICS_CONNECTIONS}


def _digest(metrics: Metrics | None, secrets: Secrets) -> str | None:
    """SHA-256 of the one Authorization header that may read the metrics, as HAProxy's `hex` writes it.

    Not crypt(3) in a userlist: its thousands of rounds for every request would let anyone who reaches the port keep the
    processors of the load balancer busy. One round is enough for a password that was made by a machine.
    """
    if metrics is None or metrics.user is None or secrets.metrics_password is None:
        return None
    word = base64.b64encode(f"{metrics.user}:{secrets.metrics_password}".encode()).decode()
    return hashlib.sha256(f"Basic {word}".encode()).hexdigest().upper()
