"""What a client will see of each fault: the arithmetic of `twinkeel.vrrp` on one topology. Pure."""

from dataclasses import dataclass

from twinkeel.topology.model import HealthTimers, Topology
from twinkeel.vrrp import (
    Range,
    server_detection,
    silence_detection,
    takeover_after_resignation,
    takeover_after_silence,
)

# From a changed file to the first packet that the new holder answers: keepalived wakes up, switches learn the new place. After
# a kill systemd must first notice the end of every process and run a hook. Not derived: 1 to 42 ms, and 29 to 80 ms after a kill,
# were measured on a two-core virtual machine (docs/benchmarks.md).
REACTION = Range(0.0, 0.05)
KILL_REACTION = Range(0.0, 0.09)

NONE = Range(0.0, 0.0)

RFC = "RFC 9568, 6.1 and 6.4.2"
MANUAL = "HAProxy's manual, 5.2: inter, fastinter, fall"


@dataclass(frozen=True)
class Prediction:
    """One fault and what it costs.

    `downtime` is the longest time in which no new connection succeeds. `degraded` is how long some new connections are
    slow or fail while others succeed; None when that does not happen. `effect` says what those connections see.
    """

    fault: str
    title: str
    downtime: Range | None
    degraded: Range | None
    effect: str
    formula: str
    source: str


def predict(topology: Topology) -> tuple[Prediction, ...]:
    """One prediction per fault, for the holder with the highest priority and the next load balancer in line.

    `downtime` is None, without an upper bound, when there is no second load balancer to take over.
    """
    return (*_load_balancer_faults(topology), *_control_plane_faults(topology))


def _load_balancer_faults(topology: Topology) -> tuple[Prediction, ...]:
    timers = topology.timers
    if len(topology.load_balancers) < 2:
        reason = "no second load balancer takes over: until this one is back"
        return tuple(Prediction(fault, title, None, None, reason, "", "") for fault, title in _LOAD_BALANCER_FAULTS.items())
    backup = topology.load_balancers[1].instances[0]
    silence = takeover_after_silence(backup.priority, backup.advert_interval)
    skew = takeover_after_resignation(backup.priority, backup.advert_interval)
    resignation = skew + REACTION
    watchdog = silence_detection(timers.watchdog_interval, timers.watchdog_deadline)
    costs = {
        "power-loss": (silence, "2 to 3 advert_int + skew"),
        "haproxy-stop": (resignation, "skew + reaction"),
        "haproxy-kill": (skew + KILL_REACTION, "skew + reaction to a kill"),
        "haproxy-hang": (watchdog + resignation, "deadline -/+ interval of the watchdog, then skew + reaction"),
        "reboot": (resignation, "skew + reaction"),
    }
    return tuple(
        Prediction(fault, title, costs[fault][0], None, "", costs[fault][1], RFC) for fault, title in _LOAD_BALANCER_FAULTS.items()
    )


_LOAD_BALANCER_FAULTS = {
    "power-loss": "the virtual IP's holder loses power",
    "haproxy-stop": "HAProxy is stopped on the holder",
    "haproxy-kill": "HAProxy is killed on the holder",
    "haproxy-hang": "HAProxy hangs on the holder",
    "reboot": "the holder reboots",
}


def _control_plane_faults(topology: Topology) -> tuple[Prediction, ...]:
    if len(topology.control_plane) < 2:
        reason = "no second API server: until this one is back"
        return tuple(Prediction(fault, title, None, None, reason, "", "") for fault, title in _CONTROL_PLANE_FAULTS.items())
    timers = topology.timers
    # A stopped process finishes no TLS handshake, so its checks end as early as those of a machine that is gone.
    # `timeout connect` and `inter` together bound a check's connection and TLS handshake (HAProxy's manual, `timeout check`).
    silent = min(timers.connect_timeout, timers.check_interval)
    one_in = f"about 1 new connection in {len(topology.control_plane)}"
    costs = {
        "api-server-death": (0.0, "a new connection that is refused goes to another server at once", ""),
        "control-plane-power-loss": (
            silent,
            f"until then {one_in} waits {timers.connect_timeout:g} s and goes to another server",
            "; t = the smaller of timeout connect and inter",
        ),
        "api-server-hang": (
            silent,
            f"until then {one_in} gets no answer, and fewer as the stuck ones count as load (leastconn)",
            "; t = the smaller of timeout connect and inter",
        ),
    }
    return tuple(
        Prediction(fault, title, NONE, _detection(timers, costs[fault][0]), costs[fault][1], _formula(costs[fault][2]), MANUAL)
        for fault, title in _CONTROL_PLANE_FAULTS.items()
    )


def _detection(timers: HealthTimers, answer_time: float) -> Range:
    return server_detection(timers.check_interval, timers.check_fast_interval, timers.check_fall, answer_time)


def _formula(timeout: str) -> str:
    failing = "fall * t + (fall - 1) * fastinter" if timeout else "(fall - 1) * fastinter"
    return f"{failing}, plus at most inter{timeout}"


_CONTROL_PLANE_FAULTS = {
    "api-server-death": "an API server dies",
    "control-plane-power-loss": "a control-plane host loses power",
    "api-server-hang": "an API server hangs",
}
