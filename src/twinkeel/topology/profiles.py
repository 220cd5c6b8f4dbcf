"""The two sets of timers, and how a spec overrides them. Times are in seconds."""

from twinkeel.spec.failover_defaults import TIMERS
from twinkeel.spec.model import Failover
from twinkeel.topology.model import HealthTimers

HEALTH_TIMERS = {profile: HealthTimers(**timers) for profile, timers in TIMERS.items()}

# With several virtual IPs of a kind, each has its own first choice. A load balancer that came back takes its share again, but only
# after it has had time to warm up and to be seen by its health checks.
SHARED_FAILBACK = 60.0


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
