"""What a client will see of each fault where every load balancer announces the virtual IPs by BGP. Pure.

A fault of one of them hits the connections that routers hand to it: `downtime` is what a client sees whose connections all go
there. The others see nothing of it, but established connections are spread anew whenever the set of load balancers changes.
"""

from collections.abc import Iterator

from twinkeel.topology.derived_times import yield_delay
from twinkeel.topology.faults import BGP_FAULTS, DAEMON_KILL, NONE, ROUTE_CHANGE, WITHDRAWAL
from twinkeel.topology.model import Bgp, HealthTimers, Topology
from twinkeel.topology.prediction import Prediction
from twinkeel.vrrp import Range, silence_detection

BFD = "RFC 5880, 6.8.4"
HOLD = "RFC 4271, 6.5"
ALONE = "no second load balancer serves: until this one is back"

_Cost = tuple[Range | None, str, str, str]


def predict_bgp(topology: Topology, bgp: Bgp, last_server_lost: Range) -> Iterator[Prediction]:
    """One prediction a fault of load balancers and routers.

    Args:
        last_server_lost: seconds until HAProxy has marked every API server down.
    """
    costs = _costs(topology, bgp, last_server_lost)
    alone = len(topology.load_balancers) < 2
    for fault, (title, drills) in BGP_FAULTS.items():
        if alone and fault != "router-power-loss":
            yield Prediction(fault, title, drills, None, effect=ALONE)
            continue
        downtime, formula, source, effect = costs[fault]
        yield Prediction(fault, title, drills, downtime, effect=effect, formula=formula, source=source)


def detection(bgp: Bgp) -> Range:
    """From the loss of a load balancer to the router's verdict.

    The last packet came up to one interval before the loss, and the detection time counts from it (RFC 5880, 6.8.4); without BFD
    the same goes for BGP's keepalives, three of them in a hold time (RFC 4271, 4.4 and 6.5).
    """
    if bgp.bfd is None:
        return Range(bgp.hold_time - bgp.hold_time / 3, bgp.hold_time)
    interval = bgp.bfd.interval
    return Range((bgp.bfd.multiplier - 1) * interval, bgp.bfd.multiplier * interval)


def _costs(topology: Topology, bgp: Bgp, last_server_lost: Range) -> dict[str, _Cost]:
    timers, silence = topology.timers, detection(bgp) + ROUTE_CHANGE
    name, source = ("BFD", BFD) if bgp.bfd else ("hold time", HOLD)
    share = f"1 connection in {len(topology.load_balancers)} goes there"
    formula = "multiplier - 1 to multiplier intervals of BFD, then the routers' change" if bgp.bfd else "2 to 3 thirds of hold_time"
    withdrawn = "detection by systemd or the watchdog, withdrawal, the routers' change"
    return {
        "power-loss": (silence, formula, source, share),
        "haproxy-stop": (WITHDRAWAL, "withdrawal, the routers' change", "", share),
        "haproxy-kill": (DAEMON_KILL + WITHDRAWAL, withdrawn, "", share),
        "haproxy-hang": (_hang(timers) + WITHDRAWAL, f"deadline -/+ interval of the watchdog, then {withdrawn[13:]}", "", share),
        "reboot-holder": (NONE, "", "", "the route is withdrawn while HAProxy and FRR still work"),
        "planned-switchover": (NONE, "", "", "the route is withdrawn first, and what still comes is served"),
        "bgpd-kill": (NONE, "", "", "its sessions end at once, and it serves what still comes"),
        "balancer-cut-from-control-plane": (
            last_server_lost + _lost_delay(topology) + WITHDRAWAL,
            "down times of an API server, then the delay before the withdrawal (2 deadlines of the watchdog)",
            "",
            share,
        ),
        "return": (
            NONE,
            "",
            "",
            f"it announces again after {bgp.return_delay:g} s of health; a router without a resilient next-hop group spreads a "
            "third to a half of all established connections anew",
        ),
        "router-power-loss": _router(bgp, name),
    }


def _hang(timers: HealthTimers) -> Range:
    return silence_detection(timers.watchdog_interval, timers.watchdog_deadline)


def _lost_delay(topology: Topology) -> Range:
    wait = yield_delay(topology)
    return Range(wait, wait + 2 * topology.timers.watchdog_interval)


def _router(bgp: Bgp, name: str) -> _Cost:
    if len(bgp.routers) < 2:
        return None, "", "", "no second router: until this one is back"
    return None, "", "", f"the network's own time: what it has for a gateway; this system only notices it ({name})"
