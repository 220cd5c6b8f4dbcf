"""What the same faults do to a pair as Twinkeel makes it by default: for the column beside an audited pair's. Values only.

tests/unit/audit/test_ours.py holds them against the prediction of such a spec. To load the spec's model for figures that do not
change would take as long as the audit.
"""

from twinkeel.audit.outcome import Outcome
from twinkeel.audit.predict import title_of
from twinkeel.faults.titles import CONTROL_PLANE_FAULTS
from twinkeel.vrrp import Range

_STAYS = "the address stays and answers until Keepalived is restarted; by then another host has it"
_SAYS_SO = "Keepalived stops before HAProxy, and announces it"
_REFUSED = "a new connection that is refused goes to another server at once"
_WAITS = "until then about 1 new connection in 3 waits 0.75 s and goes to another server"
_STUCK = "until then about 1 new connection in 3 gets no answer, and fewer as the stuck ones count as load (leastconn)"
_KILLED_LATER = "HAProxy is killed after 1 s, and keeps its connections until then"
_NONE = Range(0.0, 0.0)

# Fault -> downtime, degraded, effect; seconds.
_OUTCOMES: dict[str, tuple[Range, Range | None, str]] = {
    "power-loss": (Range(0.140547, 0.23082), None, ""),
    "haproxy-kill": (Range(0.000547, 0.09082), None, ""),
    "haproxy-hang": (Range(0.125547, 0.27582), None, _KILLED_LATER),
    "reboot-holder": (Range(0.000547, 0.05082), None, _SAYS_SO),
    "keepalived-kill": (Range(0.0, 0.05), None, _STAYS),
    "vrrp-process-kill": (Range(0.0, 0.05), None, _STAYS),
    "api-server-kill": (_NONE, Range(0.25, 1.25), _REFUSED),
    "control-plane-power-loss": (_NONE, Range(1.75, 2.75), _WAITS),
    "api-server-hang": (_NONE, Range(1.75, 2.75), _STUCK),
}


def default_outcomes() -> dict[str, Outcome]:
    """One outcome a fault, by its id."""
    return {
        fault: Outcome(fault, _title(fault), "heals", downtime, degraded, effect)
        for fault, (downtime, degraded, effect) in _OUTCOMES.items()
    }


def _title(fault: str) -> str:
    return CONTROL_PLANE_FAULTS[fault] if fault in CONTROL_PLANE_FAULTS else title_of(fault)
