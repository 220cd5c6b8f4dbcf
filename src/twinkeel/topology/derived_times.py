"""Times that follow from a spec's timers: rendered into units, and counted on in predictions. In seconds."""

from math import ceil

from twinkeel.topology.model import Topology, VrrpInstance
from twinkeel.vrrp import master_down

# systemd's own pace for a program that died, and what a peer's takeover may be late.
SHORTEST_RESTART = 0.5
TAKEOVER_MARGIN = 0.1

# How many deadlines of the watchdog a holder without any API server waits before a peer gets its turn.
YIELD_DEADLINES = 2

# The part of the deadline after which a silent HAProxy loses the virtual IP where a move costs nothing: 0.125 s of 1 s. It is asked
# 2.5 times in it (haproxy-liveness: ASKED_PER_YIELD).
HANG_SHARE, ASKED_PER_YIELD = 8, 2.5


def vip_daemon_restart(topology: Topology) -> float:
    """How long a VRRP daemon that died stays dead: until its peers, who hear nothing any more, have taken the virtual IPs.

    The address stays on the host and is served until the daemon starts again and takes it away. Were that sooner, nobody would
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


def hang_yield(topology: Topology) -> float | None:
    """How long HAProxy may be silent until its virtual IPs are yielded, well before it is killed; None where they wait for that.

    Only where connections survive the move, a virtual IP that moved stays, and a resignation can be said in the daemon's name:
    VRRP version 3, to each router, not signed. With BGP the others have it already.
    """
    instances = [instance for balancer in topology.load_balancers for instance in balancer.instances]
    can = topology.second_chance is not None and len(topology.load_balancers) > 1
    if not can or any(not _resigns_early(instance) for instance in instances):
        return None
    return topology.timers.watchdog_deadline / HANG_SHARE


def hang_pace(topology: Topology) -> float:
    """How often a holder's watchdog asks HAProxy, where it yields early."""
    early = hang_yield(topology)
    interval = topology.timers.watchdog_interval
    return interval if early is None else min(interval, early / ASKED_PER_YIELD)


def _resigns_early(instance: VrrpInstance) -> bool:
    return instance.version == 3 and instance.authentication == "none" and not instance.multicast and instance.failback is None
