"""How long nobody, or more than one, held the virtual IP: from what the load balancers saw. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from twinkeel.drill.history import MILLISECOND, History


@dataclass(frozen=True)
class Spell:
    """From one time to another (nanoseconds of CLOCK_MONOTONIC) these hosts held the virtual IP."""

    start: int
    end: int
    holders: tuple[str, ...]


@dataclass(frozen=True)
class Holding:
    """Milliseconds from the fault to the end of the trial; None when the load balancers were not watched."""

    no_holder_ms: float | None
    two_holders_ms: float | None


NOT_WATCHED = Holding(None, None)


def holding_of(history: History) -> Holding:
    """The times of one trial. Never raises."""
    fault = history.event("fault")
    spells = [] if fault is None else [spell for spell in spells_of(history) if spell.end > fault.at]
    if fault is None or not spells:
        return NOT_WATCHED
    times = {0: 0, 1: 0, 2: 0}
    for spell in spells:
        times[min(len(spell.holders), 2)] += spell.end - max(spell.start, fault.at)
    return Holding(round(times[0] / MILLISECOND, 1), round(times[2] / MILLISECOND, 1))


def spells_of(history: History) -> Iterator[Spell]:
    """Who held the virtual IP, spell by spell, from the first look at every load balancer on."""
    changes = sorted(_changes(history))
    known = {host for _, host, _ in changes}
    seen: dict[str, bool] = {}
    for (at, host, held), (until, _, _) in pairwise([*changes, (_end(history), "", False)]):
        seen[host] = held
        if len(seen) == len(known) and until > at:
            yield Spell(at, until, tuple(sorted(name for name, holds in seen.items() if holds)))


def _changes(history: History) -> Iterator[tuple[int, str, bool]]:
    told: dict[str, int] = {}
    for event in history.events:
        host = str(event.data.get("host"))
        if event.name == "vip":
            told[host] = event.at
            yield event.at, host, event.data.get("held") is True
        elif event.name == "observer-lost":
            # A host that is gone holds nothing: since it was last heard, which cannot be before what it told last.
            yield max(int(event.data.get("heard", event.at)), told.get(host, 0) + 1), host, False


def _end(history: History) -> int:
    return max((event.at for event in history.events), default=0)
