"""From a history to a verdict: a pure function.

**Downtime** is the longest gap between the starts of two consecutive served requests on new connections, less the period: with a
request every 10 ms and nothing lost the gap is 10 ms and the downtime 0.

**Served** means answered with 200 within `SERVED_WITHIN` of the start. Without a limit a request that was started in the middle of
an outage and came through late (its SYN is sent again after 1 s, RFC 6298) would count as a success *at its start*, and cut the
outage in two. 250 ms lies well below that 1 s, so no request whose first packet was lost can count: the way was open when it
started. And it is dozens of times a healthy answer: a busy machine is not taken for an outage. A slow-down below the limit is no
downtime; `slowest_ms` shows it. The limit is applied here, not in the client, so an old history can be evaluated anew.

**Where several load balancers serve at once** (BGP) a fault of one of them hits the connections that the router hands to it;
the others go on. Downtime is what a client sees whose connections all go there: from the request before the first that was not
served to the one after the last, less the period, where less than `QUIET` lies between two that were not.

**Resolution.** With consecutive starts s1 (served), n1 ... p2 (not served), s2 (served), the true outage began between s1 and n1
and ended between p2 and s2: it lasted at least p2-n1 and at most s2-s1. When the client itself was late at either edge (more than
`STALLED_AFTER` between two starts), that interval is wide; a gap over the budget is then `fail` only if even p2-n1 is over it, else
`unknown`. `pass` needs no such care, since a stall only makes the measured gap longer.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from twinkeel.drill.history import MILLISECOND, SECOND, History, Request
from twinkeel.drill.watch_verdict import watch_verdict

SERVED_WITHIN = 250 * MILLISECOND
BASELINE = 1 * SECOND
BASELINE_SHARE = 0.75  # The part of the requests due in the baseline that must have been asked; on a busy machine some are not.
STABLE = 2 * SECOND
STALLED_AFTER = 3  # Periods between two starts.
# While one of three is gone, 25 requests in a row are served by the others once in 25000 times; of four, once in 1300.
QUIET, QUIET_PERIODS = 250 * MILLISECOND, 25

Answer = Literal["pass", "fail", "unknown"]


@dataclass(frozen=True)
class Verdict:
    """The verdict of one trial. Times are in milliseconds; None where they could not be measured.

    `requests` and `failed` count requests on new connections from the baseline on. `failed_after_retry` counts those that a client
    which tries once more would still have lost: the next request that was started after its error came back failed, too.
    `reconnect_ms` is how long the keep-alive connection's user waited: from the start of its first unanswered request to the next
    answer; None when it was never interrupted. It holds the wait for the next try of the client, up to 100 ms. `second_ms` is the
    longest gap but one: a fault that hurts again when it is healed, or when its host comes back, shows there.
    """

    verdict: Answer
    downtime_ms: float | None
    requests: int
    failed: int
    reconnect_ms: float | None
    slowest_ms: float | None
    budget_ms: float | None
    reasons: tuple[str, ...]
    failed_after_retry: int = 0
    second_ms: float | None = None


@dataclass(frozen=True)
class _Gap:
    """Between two served requests: as measured, the least that the outage can have been, and if the client was late at an edge."""

    length: int
    least: int
    stalled: bool


def evaluate(history: History, *, served_within: int = SERVED_WITHIN) -> Verdict:
    """Evaluate one trial against the budget that its `trial` event names. Never raises: what cannot be evaluated is `unknown`."""
    budget = history.value("trial", "budget_ms")
    fault = history.event("fault")
    if fault is None or history.probe is None or not isinstance(budget, int | float):
        reasons = (*history.flaws, "the history does not say how the client asked, when the fault came or what the budget was")
        return Verdict("unknown", None, 0, 0, None, None, None, reasons)
    # A request that was under way when the fault came belongs to the fault.
    since = fault.at - served_within
    everything = sorted(
        (request for request in history.requests if request.start >= since - BASELINE), key=lambda request: request.start
    )
    asked = [request for request in everything if request.stream == "new"]
    kept = [request for request in everything if request.stream == "kept" and request.start >= since]
    shared = (history.value("trial", "shared_by") or 1) > 1
    gaps = list((_shared_gaps if shared else _gaps)(asked, since, history.probe.period, served_within))
    longest = sorted((gap.length for gap in gaps), reverse=True)
    unknown = [*history.flaws, *_weaknesses(history, asked, since, served_within)]
    failures = _broken_promises(history)
    limit = budget * MILLISECOND
    over = [gap for gap in gaps if gap.length > limit]
    if any(not gap.stalled or gap.least > limit for gap in over):
        failures.append(f"downtime is over the budget of {budget:g} ms")
    elif over:
        unknown.append(f"the client itself was late at the edge of a gap of {_ms(max(gap.length for gap in over)):g} ms")
    if kept and kept[-1].error:
        failures.append("the keep-alive connection was not served again")
    failures += _streams_that_failed(history)
    return Verdict(
        verdict="unknown" if unknown else "fail" if failures else "pass",
        downtime_ms=_ms(longest[0]) if longest else 0.0 if shared and asked else None,
        requests=len(asked),
        failed=sum(not _served(request, served_within) for request in asked),
        reconnect_ms=_reconnect(kept),
        slowest_ms=max((_ms(request.end - request.start) for request in asked if _served(request, served_within)), default=None),
        budget_ms=budget,
        reasons=(*unknown, *failures),
        failed_after_retry=_failed_after_retry(asked),
        second_ms=_ms(longest[1]) if longest[1:] else None,
    )


def served(request: Request) -> bool:
    """Whether a request counts as served, by the limit that verdicts use."""
    return _served(request, SERVED_WITHIN)


def _served(request: Request, within: int) -> bool:
    return not request.error and request.end - request.start <= within


def _failed_after_retry(asked: Sequence[Request]) -> int:
    """Of requests in the order of their starts. A late answer is an answer: nobody tries again after it."""
    starts = [request.start for request in asked]
    lost = 0
    for request in asked:
        if request.error:
            retry = bisect_left(starts, request.end)
            lost += retry == len(asked) or bool(asked[retry].error)
    return lost


def _gaps(asked: Sequence[Request], since: int, period: int, within: int) -> Iterator[_Gap]:
    """The gaps that end after `since`. Failures at the very end make a gap that ends with the last of them."""
    answered = [index for index, request in enumerate(asked) if _served(request, within)]
    ends = [*answered, len(asked) - 1] if answered and answered[-1] != len(asked) - 1 else answered
    starts = [request.start for request in asked]
    for one, two in pairwise(ends):
        if starts[two] < since:
            continue
        edges = (starts[one + 1] - starts[one], starts[two] - starts[two - 1])
        yield _Gap(
            length=max(starts[two] - starts[one] - period, 0),
            least=max(starts[two - 1] - starts[one + 1], 0),
            stalled=max(edges) > STALLED_AFTER * period,
        )


def _shared_gaps(asked: Sequence[Request], since: int, period: int, within: int) -> Iterator[_Gap]:
    """The times after `since` in which some requests were not served, while others were or not."""
    quiet = max(QUIET, QUIET_PERIODS * period)
    lost = [index for index, request in enumerate(asked) if request.start >= since and not _served(request, within)]
    starts = [request.start for request in asked]
    while lost:
        length = next((n for n, (one, two) in enumerate(pairwise(lost), 1) if starts[two] - starts[one] > quiet), len(lost))
        first, last = lost[0], lost[length - 1]
        before, after = starts[max(first - 1, 0)], starts[min(last + 1, len(starts) - 1)]
        edges = (starts[first] - before, after - starts[last])
        yield _Gap(max(after - before - period, 0), starts[last] - starts[first], max(edges) > STALLED_AFTER * period)
        lost = lost[length:]


def _weaknesses(history: History, asked: Sequence[Request], since: int, within: int) -> Iterator[str]:
    """Why the history proves nothing."""
    if history.probe is None:
        return
    baseline = [request for request in asked if request.start < since]
    if len(baseline) < BASELINE_SHARE * BASELINE / history.probe.period:
        yield "fewer requests before the fault than a baseline needs"
    if not all(_served(request, within) for request in baseline):
        yield "requests failed before the fault"
    fault_at = since + within
    if not asked or asked[-1].start - fault_at < STABLE:
        yield "the client was stopped too soon after the fault"
    watch = watch_verdict(history)
    if watch is not None and not watch.up_before:
        yield "the watch stream was not established before the fault"
    if history.event("injected") is None:
        yield "the fault was not injected"
    if not history.value("trace", "changed"):
        yield "the fault left no trace on its host"
    for event in history.events:
        if event.name == "error":
            yield str(event.data.get("what", "the trial was broken off"))


def _broken_promises(history: History) -> list[str]:
    """What the runner saw and a client could not: the system did not come back by itself as it must."""
    reasons = [
        str(event.data.get("what", event.name)) for event in history.events if event.name in {"healed-by-force", "not-recovered"}
    ]
    if history.event("healthy") is None and history.event("error") is None:
        reasons.append("the system was not healthy again after the fault was healed")
    return reasons


def _streams_that_failed(history: History) -> Iterator[str]:
    """What became of the watch and of kubectl; nothing where there were none."""
    watch = watch_verdict(history)
    if watch is not None and not watch.up_after:
        yield "the watch stream was not established again"
    if watch is not None and watch.missed:
        yield f"the watch stream missed {watch.missed} changes"
    runs = sorted((request for request in history.requests if request.stream == "kubectl"), key=lambda request: request.start)
    if runs and runs[-1].error:
        yield f"kubectl does not work again ({runs[-1].error})"


def _reconnect(kept: Sequence[Request]) -> float | None:
    """The longest wait from a first unanswered request to the next answer."""
    waits: list[int] = []
    broken_at: int | None = None
    for request in kept:
        if request.error:
            broken_at = request.start if broken_at is None else broken_at
        elif broken_at is not None:
            waits.append(request.end - broken_at)
            broken_at = None
    return _ms(max(waits)) if waits else None


def _ms(nanoseconds: int) -> float:
    return round(nanoseconds / MILLISECOND, 1)
