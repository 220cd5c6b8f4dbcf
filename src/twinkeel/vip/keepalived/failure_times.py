"""What a client will see of each fault of a load balancer: the arithmetic of `twinkeel.vrrp` on one topology. Pure.

Any load balancer may hold a virtual IP (nothing moves it back at once), so each is taken as the holder in turn, and the best of the
others takes over.
"""

from collections.abc import Callable, Iterable, Iterator

from twinkeel.faults.prediction import Prediction
from twinkeel.faults.reactions import ANNOUNCEMENT, ASKING, KILL_REACTION, NONE, REACTION
from twinkeel.faults.titles import DAEMON_KILL, LOAD_BALANCER_FAULTS
from twinkeel.topology.derived_times import hang_pace, hang_yield, vip_daemon_restart, yield_delay
from twinkeel.topology.model import Topology, VrrpInstance
from twinkeel.vip.api_server_failures import MANUAL, last_server_down
from twinkeel.vrrp import Range, silence_detection, takeover_after_resignation, takeover_after_silence, yielding

V3 = "RFC 9568, 6.1 and 6.4.2"
V2 = "RFC 3768, 6.1 and 6.4.2"
YIELDING = {3: "RFC 9568, 6.4.3", 2: "RFC 3768, 6.4.3"}

_Cost = tuple[Range, str, str, str]


def failure_times(topology: Topology) -> Iterator[Prediction]:
    """One prediction a fault; without a second load balancer none of them ends before this one is back."""
    if len(topology.load_balancers) < 2:
        reason = "no second load balancer takes over: until this one is back"
        for fault, title in LOAD_BALANCER_FAULTS.items():
            yield Prediction(fault, title, None, effect=reason)
        return
    costs = _moves(topology) | _splits(topology)
    for fault, title in LOAD_BALANCER_FAULTS.items():
        downtime, formula, source, effect = costs[fault]
        yield Prediction(fault, title, downtime, effect=effect, formula=formula, source=source)


def successors(topology: Topology) -> tuple[VrrpInstance, ...]:
    """Who may take over next: for each virtual IP the first in line, and the second, which is next when the first one holds it."""
    found = []
    for place in range(len(topology.endpoint.vips)):
        line = sorted((balancer.instances[place] for balancer in topology.load_balancers), key=lambda one: -one.priority)
        found += line[:2]
    return tuple(found)


def _moves(topology: Topology) -> dict[str, _Cost]:
    """Faults after which the virtual IP is gone until somebody else takes it."""
    timers, silence, skew = topology.timers, _over(topology, takeover_after_silence), _over(topology, takeover_after_resignation)
    source = _source(topology)
    resignation = skew + REACTION
    return {
        "power-loss": (silence + ANNOUNCEMENT, "2 to 3 advert_int + skew, then announcement", source, ""),
        "haproxy-stop": (resignation, "skew + reaction", source, ""),
        "haproxy-kill": (skew + KILL_REACTION, "skew + reaction to a kill", source, ""),
        "haproxy-hang": _hang(topology, resignation),
        "reboot-holder": (resignation, "skew + reaction", source, "Keepalived stops before HAProxy, and announces it"),
        "planned-switchover": (resignation, "skew + reaction", source, "HAProxy keeps serving on the old holder"),
        "balancer-cut-from-control-plane": (
            last_server_down(timers) + _yielding(topology) + resignation,
            "down times of an API server, then yield delay (2 deadlines) + at most 2 intervals of the watchdog, skew + reaction",
            f"{MANUAL}; {source}",
            "it yields to a peer, which yields back if it fares no better",
        ),
    }


def _hang(topology: Topology, resignation: Range) -> _Cost:
    """With connections that survive the move the virtual IP is yielded early; else when HAProxy is killed."""
    timers, early = topology.timers, hang_yield(topology)
    if early is None:
        watchdog = silence_detection(timers.watchdog_interval, timers.watchdog_deadline)
        return watchdog + resignation, "deadline -/+ interval of the watchdog, then skew + reaction", _source(topology), ""
    asked = Range(early, early + hang_pace(topology)) + ASKING
    formula = f"{early:g} s without an answer, asked every {hang_pace(topology):g} s; then asking the others, skew + reaction"
    effect = f"HAProxy is killed after {timers.watchdog_deadline:g} s, and keeps its connections until then"
    return asked + resignation, formula, _source(topology), effect


def _splits(topology: Topology) -> dict[str, _Cost]:
    """Faults in which a virtual IP is in two places for a while, and answers in both."""
    first = topology.load_balancers[0].instances[0]
    return {
        DAEMON_KILL: (
            REACTION,
            f"reaction; {vip_daemon_restart(topology):g} s until Keepalived is restarted are longer than 3 advert_int + skew",
            _source(topology),
            "the address stays and answers until Keepalived is restarted; by then another host has it",
        ),
        "balancers-partitioned": (
            yielding(first.advert_interval) + REACTION,
            "while it lasts none; when it heals at most advert_int + reaction",
            YIELDING[first.version],
            "each holds the virtual IP: a client that reaches only one is served by it; afterwards the highest priority keeps it",
        ),
        "failback": _failback(topology),
    }


def _yielding(topology: Topology) -> Range:
    """From the last server's mark to the yielding: the watchdog looks once an interval, and a look takes at most one more."""
    wait = yield_delay(topology)
    return Range(wait, wait + 2 * topology.timers.watchdog_interval)


def _failback(topology: Topology) -> _Cost:
    waits = [instance.failback for instance in successors(topology) if instance.failback is not None]
    if not waits:
        return NONE, "", "", "the virtual IP stays where it is (nopreempt)"
    version = topology.load_balancers[0].instances[0].version
    effect = f"a virtual IP whose first choice it is moves to it {waits[0]:g} s after it is back"
    return REACTION, "reaction: the higher priority is obeyed at once", YIELDING[version], effect


def _over(topology: Topology, takeover: Callable[[int, float, int], Range]) -> Range:
    """A takeover's time over all who may be next, from the fastest to the slowest."""
    return _around(takeover(next_.priority, next_.advert_interval, next_.version) for next_ in successors(topology))


def _around(ranges: Iterable[Range]) -> Range:
    known = tuple(ranges)
    return Range(min(one.low for one in known), max(one.high for one in known))


def _source(topology: Topology) -> str:
    return V3 if topology.load_balancers[0].instances[0].version == 3 else V2
