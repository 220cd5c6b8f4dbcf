"""How soon HAProxy notices API servers that do not answer, and what a client sees of it; virtual IPs stay where they are. Pure."""

from collections.abc import Iterator

from twinkeel.faults.prediction import Prediction
from twinkeel.faults.reactions import NONE
from twinkeel.faults.titles import CONTROL_PLANE_FAULTS
from twinkeel.topology.model import HealthTimers, Topology
from twinkeel.vrrp import Range, server_detection

MANUAL = "HAProxy's manual, 5.2: inter, fastinter, fall"


def api_server_failures(topology: Topology) -> Iterator[Prediction]:
    """One prediction a fault of a control-plane host; without a second API server none of them ends before this one is back."""
    if len(topology.control_plane) < 2:
        reason = "no second API server: until this one is back"
        for fault, title in CONTROL_PLANE_FAULTS.items():
            yield Prediction(fault, title, None, effect=reason)
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
    for fault, title in CONTROL_PLANE_FAULTS.items():
        answer_time, effect = costs[fault]
        yield Prediction(fault, title, NONE, server_down(timers, answer_time), effect, _formula(answer_time), MANUAL)


def server_down(timers: HealthTimers, answer_time: float) -> Range:
    """Until HAProxy has marked a server down; `answer_time` is how long each of its checks lasts, in seconds."""
    return server_detection(timers.check_interval, timers.check_fast_interval, timers.check_fall, answer_time)


def last_server_down(timers: HealthTimers) -> Range:
    """Until HAProxy has marked every server down: they refuse connections, or they are silent."""
    silent = server_down(timers, min(timers.connect_timeout, timers.check_interval))
    return Range(server_down(timers, 0.0).low, silent.high)


def _stuck_count(topology: Topology) -> str:
    """With leastconn and random a server's connections count, those without an answer, too."""
    balance = topology.haproxy.balance
    return "" if balance == "roundrobin" else f", and fewer as the stuck ones count as load ({balance})"


def _formula(answer_time: float) -> str:
    if not answer_time:
        return "(fall - 1) * fastinter, plus at most inter"
    return "fall * t + (fall - 1) * fastinter, plus at most inter; t = the smaller of timeout connect and inter"
