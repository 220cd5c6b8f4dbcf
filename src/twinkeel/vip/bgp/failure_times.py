"""What a client will see of each fault where every load balancer announces the virtual IPs. Pure.

Routers share connections out among the load balancers, so a fault hits those of one of them. A prediction's downtime is what a
client sees whose connections all go there, as drills measure it; the others see nothing.
"""

from collections.abc import Iterator

from twinkeel.faults.prediction import Prediction
from twinkeel.faults.reactions import ASKING, KILL_REACTION, NONE
from twinkeel.topology.derived_times import hang_pace, hang_yield, yield_delay
from twinkeel.topology.model import Bgp, Topology
from twinkeel.vip.api_server_failures import MANUAL, last_server_down
from twinkeel.vrrp import Range, silence_detection

BFD = "RFC 5880, 6.8.4"
HOLD = "RFC 4271, 6.5 and 10"

# From a session that is down, or a withdrawal, to the router's changed route. With FRR 8.4.4 to 10.7.1 as the router it is the
# holds of its queues: bgpd clears a session's routes after 10 ms and chooses anew after 50, zebra installs after 10 (0 with
# `zebra work-queue 0`). The kernel's route changed 62 to 74 ms after BFD said down, and 71 ms after bgpd was killed.
ROUTER = Range(0.05, 0.1)
MEASURED = "measured, docs/bgp.md"
GRANULARITY = 1.0
"""FRR looks at its hold timer once a second."""

FAULTS = {
    "power-loss": "a load balancer loses power, or its link",
    "haproxy-stop": "HAProxy is stopped on a load balancer",
    "haproxy-kill": "HAProxy is killed on a load balancer",
    "haproxy-hang": "HAProxy hangs on a load balancer",
    "reboot-holder": "a load balancer reboots",
    "planned-switchover": "a planned withdrawal: drain, apply",
    "bgpd-kill": "a BGP daemon dies, is stopped, or its sessions flap",
    "balancer-cut-from-control-plane": "only one load balancer reaches no API server",
    "return": "a load balancer comes back",
    "router-power-loss": "a router loses power",
}


def failure_times(topology: Topology, bgp: Bgp) -> Iterator[Prediction]:
    """One prediction a fault; without a second load balancer none of them ends before this one is back."""
    if len(topology.load_balancers) < 2:
        for fault, title in FAULTS.items():
            yield Prediction(fault, title, None, effect="no second load balancer announces: until this one is back")
        return
    costs = _costs(topology, bgp)
    for fault, title in FAULTS.items():
        downtime, formula, source, effect = costs[fault]
        yield Prediction(fault, title, downtime, effect=effect, formula=formula, source=source)


def session_detection(bgp: Bgp) -> Range:
    """Until a router, or a load balancer, knows that the other end is gone without a word."""
    if bgp.bfd is None:
        return Range(bgp.hold_time - bgp.hold_time // 3, bgp.hold_time + GRANULARITY)
    return Range((bgp.bfd.multiplier - 1) * bgp.bfd.interval, bgp.bfd.multiplier * bgp.bfd.interval)


_Cost = tuple[Range | None, str, str, str]


def _costs(topology: Topology, bgp: Bgp) -> dict[str, _Cost]:
    timers, count = topology.timers, len(topology.load_balancers)
    hit = f"for 1 in {count} connections, those of that load balancer; its established ones are reset"
    detection, source = ("multiplier * interval of BFD", BFD) if bgp.bfd else ("hold_time + 1 s", HOLD)
    yielding = Range(yield_delay(topology), yield_delay(topology) + 2 * timers.watchdog_interval)
    return {
        "power-loss": (session_detection(bgp) + ROUTER, f"{detection}, then the router's own time", source, hit),
        "haproxy-stop": (
            NONE,
            "the route goes before HAProxy stops",
            MEASURED,
            "its established connections are reset",
        ),
        "haproxy-kill": (KILL_REACTION + ROUTER, "reaction to a kill, then the router's own time", MEASURED, hit),
        "haproxy-hang": _hang(topology, hit),
        "reboot-holder": (NONE, "routers are informed before HAProxy stops", "RFC 8326", "its established connections are reset"),
        "planned-switchover": (
            NONE,
            "routers are informed before the route goes",
            "RFC 8326",
            "its established connections are reset",
        ),
        "bgpd-kill": (
            NONE,
            "HAProxy serves until routers have dropped the route",
            MEASURED,
            "its established connections are reset",
        ),
        "balancer-cut-from-control-plane": (
            last_server_down(timers) + yielding + ROUTER,
            "down times of an API server, then yield delay (2 deadlines) + at most 2 intervals of the watchdog, router's own time",
            MANUAL,
            f"for 1 in {count} connections, those of that load balancer",
        ),
        "return": (
            NONE,
            f"after {bgp.return_delay:g} s of health, or at once after a planned withdrawal",
            MEASURED,
            "a router without resilient hashing spreads the established connections of all anew: a third to a half is reset",
        ),
        "router-power-loss": (None, "", "", _router(bgp)),
    }


def _hang(topology: Topology, hit: str) -> _Cost:
    """With connections that survive a withdrawal the route goes early; else when HAProxy is killed."""
    timers, early = topology.timers, hang_yield(topology)
    if early is None:
        watchdog = silence_detection(timers.watchdog_interval, timers.watchdog_deadline)
        return watchdog + ROUTER, "deadline + interval of the watchdog, then the router's own time", MEASURED, hit
    asked = Range(early, early + hang_pace(topology)) + ASKING
    pace = f"{early:g} s without an answer, asked every {hang_pace(topology):g} s"
    count = len(topology.load_balancers)
    effect = f"for 1 in {count} connections; HAProxy is killed after {timers.watchdog_deadline:g} s, and keeps its own until then"
    return asked + ROUTER, f"{pace}; then asking the others, the router's own time", MEASURED, effect


def _router(bgp: Bgp) -> str:
    if len(bgp.routers) < 2:
        return "no second router: until this one is back"
    return "the network's own time to another router: nothing of this system can shorten it"
