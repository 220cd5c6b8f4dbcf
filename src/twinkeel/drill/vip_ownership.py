"""How long nobody, or more than one, held the virtual IP: from what the load balancers saw. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from twinkeel.drill.history import MILLISECOND, History


@dataclass(frozen=True)
class OwnershipInterval:
    """From one time to another (nanoseconds of CLOCK_MONOTONIC) these hosts held the virtual IP."""

    start: int
    end: int
    holders: tuple[str, ...]


@dataclass(frozen=True)
class VipOwnership:
    """Milliseconds from the fault to the end of the trial; None when the load balancers were not watched.

    `two_holders_ms` is None, too, where several are meant to have it (BGP).
    """

    no_holder_ms: float | None
    two_holders_ms: float | None


NOT_WATCHED = VipOwnership(None, None)


def vip_ownership(history: History) -> VipOwnership:
    """The times of one trial. Never raises."""
    fault = history.event("fault")
    intervals = [] if fault is None else [interval for interval in ownership_intervals(history) if interval.end > fault.at]
    if fault is None or not intervals:
        return NOT_WATCHED
    times = {0: 0, 1: 0, 2: 0}
    for interval in intervals:
        times[min(len(interval.holders), 2)] += interval.end - max(interval.start, fault.at)
    # With BGP all of them have it at all times, which is as it should be.
    shared = (history.value("trial", "shared_by") or 1) > 1
    return VipOwnership(round(times[0] / MILLISECOND, 1), None if shared else round(times[2] / MILLISECOND, 1))


def ownership_intervals(history: History) -> Iterator[OwnershipInterval]:
    """Who held the virtual IP, interval by interval, from the first look at every load balancer on."""
    changes = sorted(_changes(history))
    known = {host for _, host, _ in changes}
    seen: dict[str, bool] = {}
    for (at, host, held), (until, _, _) in pairwise([*changes, (_end(history), "", False)]):
        seen[host] = held
        if len(seen) == len(known) and until > at:
            yield OwnershipInterval(at, until, tuple(sorted(name for name, holds in seen.items() if holds)))


def _changes(history: History) -> Iterator[tuple[int, str, bool]]:
    reported: dict[str, int] = {}
    for event in history.events:
        host = str(event.data.get("host"))
        if event.name == "vip":
            reported[host] = event.at
            yield event.at, host, event.data.get("held") is True
        elif event.name == "observer-lost":
            # A host that is gone holds nothing: since it was last heard, which cannot be before what it told last.
            yield max(int(event.data.get("heard", event.at)), reported.get(host, 0) + 1), host, False


def _end(history: History) -> int:
    return max((event.at for event in history.events), default=0)
