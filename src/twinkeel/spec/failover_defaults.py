"""The two sets of timers. All times are in seconds."""

from collections.abc import Mapping
from math import ceil
from typing import Any

from twinkeel.spec.model import ApiServer, Bfd, Failover
from twinkeel.vrrp import server_detection

# Advertisement interval by profile. VRRPv3 counts in hundredths of a second. With 0.07 s the middle of what a loss of power costs
# stays below 0.2 s (at most 0.23), and it held for ten minutes on saturated processors (docs/decisions/0009-timers.md). One second
# is what most networks of routers run with, and the least that version 2 can say.
ADVERT_INTERVALS = {"fast": 0.07, "steady": 1.0}
SHORTEST_V2_INTERVAL = 1.0

# Three lost packets of 50 ms are 150 ms. With 10 ms sessions flapped on a busy machine whose daemons had no real-time priority.
BFD_INTERVALS = {"fast": 0.05, "steady": 0.3}

# A static pod gets 30 s from kubelet (terminationGracePeriodSeconds); after the delay an API server still ends what is under way.
LONGEST_SHUTDOWN_DELAY = 20.0
# On top of HAProxy's detection: a check that is answered late, and clients that need a moment to go elsewhere.
SHUTDOWN_MARGIN = 3

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


def bfd_interval(bfd: Bfd, failover: Failover) -> float:
    """The interval between BFD packets in force."""
    return BFD_INTERVALS[failover.profile] if bfd.interval is None else bfd.interval


def detection(failover: Failover, answer_time: float) -> float:
    """The longest time until HAProxy marks a dead API server down, in seconds; `answer_time`: how long a failing check takes."""
    fall = int(timer(failover, "check_fall"))
    interval, fast = timer(failover, "check_interval"), timer(failover, "check_fast_interval")
    return server_detection(interval, fast, fall, answer_time).high


def shutdown_delay(api_server: ApiServer, failover: Failover) -> float:
    """How long an API server that stops goes on serving, in seconds: as given, or as long as HAProxy needs to notice."""
    if api_server.shutdown_delay is not None:
        return api_server.shutdown_delay
    return min(ceil(detection(failover, answer_time=0)) + SHUTDOWN_MARGIN, LONGEST_SHUTDOWN_DELAY)
