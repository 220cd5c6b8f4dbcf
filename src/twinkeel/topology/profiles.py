"""The two sets of timers, and how a spec overrides them. Times are in seconds."""

from twinkeel.spec.model import Failover
from twinkeel.topology.model import HealthTimers

# Advertisement interval by profile. VRRPv3 counts in hundredths of a second; 0.1 s has been measured to hold on a busy two-core
# machine. One second is what most networks of routers run with, and the least that version 2 can say.
ADVERT_INTERVALS = {"fast": 0.1, "steady": 1.0}
SHORTEST_V2_INTERVAL = 1.0

# A check's connection and TLS handshake together may take the smaller of `timeout connect` and `inter`: 0.75 s. With 0.5 s, real
# checks failed on a control plane that was only busy, and taking a slow server away makes the others slower. Two failures in a
# row find a silent server within 2.75 s; a refused connection goes to another server at once, whatever these say.
HEALTH_TIMERS = {
    "fast": HealthTimers(
        check_interval=1.0,
        check_fast_interval=0.25,
        check_timeout=2.0,
        check_fall=2,
        check_rise=3,
        connect_timeout=0.75,
        watchdog_interval=0.25,
        watchdog_deadline=1.0,
    ),
    "steady": HealthTimers(
        check_interval=2.0,
        check_fast_interval=1.0,
        check_timeout=3.0,
        check_fall=3,
        check_rise=2,
        connect_timeout=0.75,
        watchdog_interval=1.0,
        watchdog_deadline=4.0,
    ),
}

# With several virtual IPs of a kind, each has its own first choice. A load balancer that came back takes its share again, but only
# after it has had time to warm up and to be seen by its health checks.
SHARED_FAILBACK = 60.0


def advert_interval(failover: Failover) -> float:
    """The interval in force."""
    if failover.advert_interval is not None:
        return failover.advert_interval
    interval = ADVERT_INTERVALS[failover.profile]
    return interval if failover.vrrp_version == 3 else max(interval, SHORTEST_V2_INTERVAL)


def health_timers(failover: Failover) -> HealthTimers:
    """The profile's timers with those of the spec in their place."""
    defaults = vars(HEALTH_TIMERS[failover.profile])
    given = {name: getattr(failover, name) for name in defaults}
    return HealthTimers(**{name: defaults[name] if value is None else value for name, value in given.items()})


def failback(failover: Failover, vips_of_a_kind: int) -> float | None:
    """Seconds until a better load balancer that came back takes its virtual IP again; None for never."""
    if failover.failback is None:
        return SHARED_FAILBACK if vips_of_a_kind > 1 else None
    return None if failover.failback == "never" else failover.failback
