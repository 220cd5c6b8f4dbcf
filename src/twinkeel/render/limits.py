"""How many connections HAProxy takes, and the figures that follow: they stand in two files and must agree.

`haproxy -c` accepts a `maxconn` that the service's LimitNOFILE does not allow; the service then dies when it starts.
"""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from twinkeel.topology.model import Topology

RESERVE = 100
"""Connections that clients of the API and of the services cannot take.

The loopback listener must answer when every frontend is full: it is how a hung HAProxy is told from a busy one.
"""

METRICS_CONNECTIONS = 50
"""Of the reserve, what readers of the metrics may take."""

MOST_FILES = 1_048_576
"""Linux' own limit (fs.nr_open): systemd cannot start a service with a higher LimitNOFILE."""


class Limits(NamedTuple):
    """Connections of each frontend, connections of the process, and the files that the process may open."""

    frontend: int
    process: int
    files: int


def limits(topology: "Topology") -> Limits:
    """The figures for a topology."""
    return limits_of(topology.haproxy.max_connections, len(topology.services))


def limits_of(max_connections: int, services: int) -> Limits:
    """The figures for so many extra services. Every frontend, the API's and each service's, takes `max_connections`."""
    process = max_connections * (1 + services) + RESERVE
    # Two files for a connection and some for listeners, checks, threads and the admin socket.
    return Limits(max_connections, process, 2 * process + 800)
