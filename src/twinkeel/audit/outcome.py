"""What one fault does to a pair, in numbers and words. Pure."""

from dataclasses import dataclass
from typing import Literal

from twinkeel.vrrp import Range

End = Literal["heals", "never", "unknown"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One fault. Times are in seconds.

    `downtime` is the longest time in which no new connection succeeds; `degraded` how long a share of the new connections is
    slow or fails. `end` says whether that ends by itself: with "never" neither time has an end, with "unknown" the files do not
    tell.
    """

    fault: str
    title: str
    end: End
    downtime: Range | None = None
    degraded: Range | None = None
    effect: str = ""


def worst(outcomes: list[Outcome]) -> Outcome:
    """One for all, of the same fault: the worst end, and the range over all of them."""
    never = [one for one in outcomes if one.end == "never"] or [one for one in outcomes if one.end == "unknown"]
    if never:
        return never[0]
    return Outcome(
        outcomes[0].fault,
        outcomes[0].title,
        "heals",
        _around([one.downtime for one in outcomes]),
        _around([one.degraded for one in outcomes]),
        max(outcomes, key=_high).effect,
    )


def _high(outcome: Outcome) -> float:
    return max(time.high if time else 0.0 for time in (outcome.downtime, outcome.degraded))


def _around(ranges: list[Range | None]) -> Range | None:
    known = [one for one in ranges if one is not None]
    return Range(min(one.low for one in known), max(one.high for one in known)) if known else None
