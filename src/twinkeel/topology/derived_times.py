"""Times that follow from a spec's timers: rendered into units, and counted on in predictions. In seconds."""

from math import ceil

from twinkeel.topology.model import Topology
from twinkeel.vrrp import master_down

# systemd's own pace for a program that died, and what a peer's takeover may be late.
SHORTEST_RESTART = 0.5
TAKEOVER_MARGIN = 0.1

# How many deadlines of the watchdog a holder without any API server waits before a peer gets its turn.
YIELD_DEADLINES = 2


def vip_daemon_restart(topology: Topology) -> float:
    """How long a keepalived that died stays dead: until its peers, who hear nothing any more, have taken the virtual IPs.

    The address stays on the host and is served until keepalived starts again and takes it away. Were that sooner, nobody would
    have it meanwhile: with the steady profile for two and a half seconds.
    """
    if len(topology.load_balancers) < 2 or topology.bgp is not None:
        return SHORTEST_RESTART
    instances = [instance for balancer in topology.load_balancers for instance in balancer.instances]
    slowest = max(master_down(one.priority, one.advert_interval, one.version) for one in instances)
    return max(SHORTEST_RESTART, ceil(2 * (slowest + TAKEOVER_MARGIN)) / 2)


def yield_delay(topology: Topology) -> float:
    """How long a holder whose HAProxy has no API server left keeps its virtual IPs before it yields to a peer."""
    return YIELD_DEADLINES * topology.timers.watchdog_deadline
