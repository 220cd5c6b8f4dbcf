"""What a client will see of each fault: the arithmetic of `twinkeel.vrrp` on one topology. Pure.

A fault's id is that of the drill that shows it, where there is one.
"""

from collections.abc import Callable, Iterable, Iterator

from twinkeel.topology.derived_times import hang_pace, hang_yield, vip_daemon_restart, yield_delay
from twinkeel.topology.faults import ANNOUNCEMENT, ASKING, CONTROL_PLANE_FAULTS, KILL_REACTION, LOAD_BALANCER_FAULTS, NONE, REACTION
from twinkeel.topology.model import HealthTimers, Topology, VrrpInstance
from twinkeel.topology.predict_bgp import load_balancer_faults
from twinkeel.topology.prediction import Prediction
from twinkeel.vrrp import (
    Range,
    server_detection,
    silence_detection,
    takeover_after_resignation,
    takeover_after_silence,
    yielding,
)

V3 = "RFC 9568, 6.1 and 6.4.2"
V2 = "RFC 3768, 6.1 and 6.4.2"
YIELDING = {3: "RFC 9568, 6.4.3", 2: "RFC 3768, 6.4.3"}
MANUAL = "HAProxy's manual, 5.2: inter, fastinter, fall"


def predict(topology: Topology) -> tuple[Prediction, ...]:
    """One prediction per fault, from the best virtual IP and holder to the worst.

    Any load balancer may hold a virtual IP (nothing moves it back at once), so each is taken as the holder in turn, and the best of
    the others takes over. Where nothing can take over `downtime` is None: it lasts until the broken part is back.
    """
    if topology.bgp is not None:
        return (*load_balancer_faults(topology, topology.bgp), *_control_plane_faults(topology))
    return (*_load_balancer_faults(topology), *_control_plane_faults(topology))


def successors(topology: Topology) -> tuple[VrrpInstance, ...]:
    """Who may take over next: for each virtual IP the first in line, and the second, which is next when the first one holds it."""
    found = []
    for place in range(len(topology.endpoint.vips)):
        line = sorted((balancer.instances[place] for balancer in topology.load_balancers), key=lambda one: -one.priority)
        found += line[:2]
    return tuple(found)


def _load_balancer_faults(topology: Topology) -> Iterator[Prediction]:
    if len(topology.load_balancers) < 2:
        reason = "no second load balancer takes over: until this one is back"
        for fault, (title, drills) in LOAD_BALANCER_FAULTS.items():
            yield Prediction(fault, title, drills, None, effect=reason)
        return
    costs = _moves(topology) | _splits(topology)
    for fault, (title, drills) in LOAD_BALANCER_FAULTS.items():
        downtime, formula, source, effect = costs[fault]
        yield Prediction(fault, title, drills, downtime, effect=effect, formula=formula, source=source)


_Cost = tuple[Range, str, str, str]


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
            _last_server_lost(timers) + _yielding(topology) + resignation,
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
        "keepalived-kill": (
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


def _last_server_lost(timers: HealthTimers) -> Range:
    """Until HAProxy has marked every server down: they refuse connections, or they are silent."""
    silent = _detection(timers, min(timers.connect_timeout, timers.check_interval))
    return _around((_detection(timers, 0.0), silent))


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


def _control_plane_faults(topology: Topology) -> Iterator[Prediction]:
    if len(topology.control_plane) < 2:
        reason = "no second API server: until this one is back"
        for fault, (title, drills) in CONTROL_PLANE_FAULTS.items():
            yield Prediction(fault, title, drills, None, effect=reason)
        return
    timers = topology.timers
    # A stopped process finishes no TLS handshake, so its checks end as early as those of a machine that is gone.
    # `timeout connect` and `inter` together bound a check's connection and TLS handshake (HAProxy's manual, `timeout check`).
    silent = min(timers.connect_timeout, timers.check_interval)
    one_in = f"about 1 new connection in {len(topology.control_plane)}"
    costs = {
        "api-server-kill": (0.0, "a new connection that is refused goes to another server at once"),
        "control-plane-power-loss": (
            silent,
            f"until then {one_in} waits {timers.connect_timeout:g} s and goes to another server",
        ),
        "api-server-hang": (
            silent,
            f"until then {one_in} gets no answer" + _stuck_count(topology),
        ),
    }
    for fault, (title, drills) in CONTROL_PLANE_FAULTS.items():
        answer_time, effect = costs[fault]
        yield Prediction(fault, title, drills, NONE, _detection(timers, answer_time), effect, _formula(answer_time), MANUAL)


def _stuck_count(topology: Topology) -> str:
    """With leastconn and random a server's connections count, those without an answer, too."""
    balance = topology.haproxy.balance
    return "" if balance == "roundrobin" else f", and fewer as the stuck ones count as load ({balance})"


def _detection(timers: HealthTimers, answer_time: float) -> Range:
    return server_detection(timers.check_interval, timers.check_fast_interval, timers.check_fall, answer_time)


def _formula(answer_time: float) -> str:
    if not answer_time:
        return "(fall - 1) * fastinter, plus at most inter"
    return "fall * t + (fall - 1) * fastinter, plus at most inter; t = the smaller of timeout connect and inter"
