"""What a client will see of each fault where every load balancer announces the virtual IPs. Pure.

Routers share connections out among the load balancers, so a fault hits those of one of them. A prediction's downtime is what these
see; the others see nothing, which is why it begins at 0.
"""

from collections.abc import Iterator

from twinkeel.topology.derived_times import yield_delay
from twinkeel.topology.model import Bgp, HealthTimers, Topology
from twinkeel.topology.prediction import Prediction
from twinkeel.vrrp import Range, server_detection, silence_detection

BFD = "RFC 5880, 6.8.4"
HOLD = "RFC 4271, 6.5 and 10"
MANUAL = "HAProxy's manual, 5.2: inter, fastinter, fall"

# From a session that is down, or a withdrawal, to the router's changed route. Not derived: with FRR 8.4.4 to 10.7.1 as the router
# the kernel's route changed 62 to 74 ms after BFD said down, and 71 ms after bgpd was killed.
ROUTER = Range(0.05, 0.1)
KILL_REACTION = 0.09
MEASURED = "measured, docs/bgp.md"
GRANULARITY = 1.0
"""FRR looks at its hold timer once a second."""

FAULTS = {
    "power-loss": ("a load balancer loses power, or its link", ("power-loss", "link-cut")),
    "haproxy-stop": ("HAProxy is stopped on a load balancer", ("haproxy-stop",)),
    "haproxy-kill": ("HAProxy is killed on a load balancer", ("haproxy-kill", "haproxy-dead")),
    "haproxy-hang": ("HAProxy hangs on a load balancer", ("haproxy-hang",)),
    "reboot-holder": ("a load balancer reboots", ("reboot-holder",)),
    "planned-switchover": ("a planned withdrawal: drain, apply", ("planned-switchover",)),
    "bgp-daemon-kill": ("a load balancer's BGP daemon dies", ()),
    "balancer-cut-from-control-plane": ("only one load balancer reaches no API server", ("balancer-cut-from-control-plane",)),
    "return": ("a load balancer comes back", ()),
}


def load_balancer_faults(topology: Topology, bgp: Bgp) -> Iterator[Prediction]:
    """One prediction a fault; without a second load balancer none of them ends before this one is back."""
    if len(topology.load_balancers) < 2:
        for fault, (title, drills) in FAULTS.items():
            yield Prediction(fault, title, drills, None, effect="no second load balancer announces: until this one is back")
        return
    costs = _costs(topology, bgp)
    for fault, (title, drills) in FAULTS.items():
        worst, formula, source, effect = costs[fault]
        yield Prediction(fault, title, drills, Range(0.0, worst), effect=effect, formula=formula, source=source)


def session_detection(bgp: Bgp) -> Range:
    """Until a router, or a load balancer, knows that the other end is gone without a word."""
    if bgp.bfd is None:
        return Range(bgp.hold_time - bgp.hold_time // 3, bgp.hold_time + GRANULARITY)
    return Range((bgp.bfd.multiplier - 1) * bgp.bfd.interval, bgp.bfd.multiplier * bgp.bfd.interval)


_Cost = tuple[float, str, str, str]


def _costs(topology: Topology, bgp: Bgp) -> dict[str, _Cost]:
    timers, count = topology.timers, len(topology.load_balancers)
    hit = f"for 1 in {count} connections, those of that load balancer; its established ones are reset"
    detection, source = ("multiplier * interval of BFD", BFD) if bgp.bfd else ("hold_time + 1 s", HOLD)
    watchdog = silence_detection(timers.watchdog_interval, timers.watchdog_deadline).high
    lost = _last_server_lost(timers) + yield_delay(topology) + 2 * timers.watchdog_interval
    return {
        "power-loss": (session_detection(bgp).high + ROUTER.high, f"{detection}, then the router's own time", source, hit),
        "haproxy-stop": (
            0.0,
            "the route goes before HAProxy stops",
            MEASURED,
            "its established connections are reset",
        ),
        "haproxy-kill": (KILL_REACTION + ROUTER.high, "reaction to a kill, then the router's own time", MEASURED, hit),
        "haproxy-hang": (watchdog + ROUTER.high, "deadline + interval of the watchdog, then the router's own time", MEASURED, hit),
        "reboot-holder": (0.0, "routers are told before HAProxy stops", "RFC 8326", "its established connections are reset"),
        "planned-switchover": (0.0, "routers are told before the route goes", "RFC 8326", "its established connections are reset"),
        "bgp-daemon-kill": (
            0.0,
            "HAProxy serves until routers have dropped the route",
            MEASURED,
            "its established connections are reset",
        ),
        "balancer-cut-from-control-plane": (
            lost + ROUTER.high,
            "down times of an API server, then yield delay (2 deadlines) + at most 2 intervals of the watchdog, router's own time",
            MANUAL,
            f"for 1 in {count} connections, those of that load balancer",
        ),
        "return": (
            0.0,
            f"after {bgp.return_delay:g} s of health, or at once after a planned withdrawal",
            MEASURED,
            "a router without resilient hashing spreads the established connections of all anew: a third to a half is reset",
        ),
    }


def _last_server_lost(timers: HealthTimers) -> float:
    silent = min(timers.connect_timeout, timers.check_interval)
    return server_detection(timers.check_interval, timers.check_fast_interval, timers.check_fall, silent).high
