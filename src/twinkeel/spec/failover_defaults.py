"""The two sets of timers. All times are in seconds."""

from collections.abc import Mapping
from typing import Any

from twinkeel.spec.model import Failover

# Advertisement interval by profile. VRRPv3 counts in hundredths of a second. With 0.07 s the middle of what a loss of power costs
# stays below 0.2 s (at most 0.23), and it held for ten minutes on saturated processors (docs/decisions/0009-timers.md). One second
# is what most networks of routers run with, and the least that version 2 can say.
ADVERT_INTERVALS = {"fast": 0.07, "steady": 1.0}
SHORTEST_V2_INTERVAL = 1.0

# A check's connection and TLS handshake together may take the smaller of `timeout connect` and `inter`: 0.75 s. With 0.5 s, real
# checks failed on a control plane that was only busy, and taking a slow server away makes the others slower. Two failures in a
# row find a silent server within 2.75 s; a refused connection goes to another server at once, whatever these say.
TIMERS: Mapping[str, Mapping[str, Any]] = {
    "fast": {
        "check_interval": 1.0,
        "check_fast_interval": 0.25,
        "check_timeout": 2.0,
        "check_fall": 2,
        "check_rise": 3,
        "connect_timeout": 0.75,
        "watchdog_interval": 0.25,
        "watchdog_deadline": 1.0,
    },
    "steady": {
        "check_interval": 2.0,
        "check_fast_interval": 1.0,
        "check_timeout": 3.0,
        "check_fall": 3,
        "check_rise": 2,
        "connect_timeout": 0.75,
        "watchdog_interval": 1.0,
        "watchdog_deadline": 4.0,
    },
}


def timer(failover: Failover, name: str) -> float:
    """One timer in force: the spec's own, or the profile's."""
    given: float | None = getattr(failover, name)
    return float(TIMERS[failover.profile][name]) if given is None else given


def advert_interval(failover: Failover) -> float:
    """The advertisement interval in force."""
    if failover.advert_interval is not None:
        return failover.advert_interval
    interval = ADVERT_INTERVALS[failover.profile]
    return interval if failover.vrrp_version == 3 else max(interval, SHORTEST_V2_INTERVAL)
