"""The judge of drills: what a gap is worth, and when it must not judge at all."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinkeel.drill.checker import evaluate
from twinkeel.drill.history import MILLISECOND, SECOND, Event, History, Probe, Request

PERIOD = 10 * MILLISECOND
FAULT = 10 * SECOND
LATENCY = 3 * MILLISECOND

few = settings(max_examples=12)  # Each example holds more than a thousand requests.


def a_request(start: int, error: str = "", took: int = LATENCY) -> Request:
    return Request("new", start, start + took, 0, error)


def a_history(outages: list[tuple[int, int]] = (), *, until: int = 10 * SECOND, budget: float = 100) -> History:
    """A client that asked from 2 s before the fault until `until` after it; `outages` are (begin, end), relative to the fault."""
    starts = range(FAULT - 2 * SECOND, FAULT + until, PERIOD)
    down = [(FAULT + begin, FAULT + end) for begin, end in outages]
    requests = [a_request(start, "refused" if any(begin <= start < end for begin, end in down) else "") for start in starts]
    kept = [Request("kept", start, start + LATENCY) for start in range(FAULT - 2 * SECOND, FAULT + until, 10 * PERIOD)]
    events = (
        Event("trial", 0, {"scenario": "haproxy-stop", "trial": 1, "budget_ms": budget}),
        Event("fault", FAULT),
        Event("injected", FAULT + 5),
        Event("trace", FAULT + 6, {"changed": True}),
        Event("healthy", FAULT + 7),
    )
    return History(Probe(PERIOD, 10 * PERIOD, SECOND), (*requests, *kept), events)


def without(history: History, *names: str) -> History:
    return replace(history, events=tuple(event for event in history.events if event.name not in names))


def test_no_outage_passes_with_no_downtime() -> None:
    verdict = evaluate(a_history())
    assert (verdict.verdict, verdict.downtime_ms, verdict.failed, verdict.reasons) == ("pass", 0, 0, ())
    assert verdict.slowest_ms == 3


@few
@given(begin=st.integers(1, 5000), length=st.integers(1, 4000))
def test_downtime_is_the_outage_within_a_period(begin: int, length: int) -> None:
    verdict = evaluate(a_history([(begin * MILLISECOND, (begin + length) * MILLISECOND)], budget=2000))
    assert verdict.downtime_ms == pytest.approx(length, abs=10)
    assert verdict.downtime_ms is not None
    assert verdict.verdict == ("fail" if verdict.downtime_ms > 2000 else "pass")


def shared(outages: list[tuple[int, int]], *, by: int, random: Random, budget: float = 100) -> History:
    """The same where `by` load balancers serve: of the requests in an outage one in `by` goes to the one that is gone."""
    history = a_history(outages, budget=budget)
    lucky = [replace(each, error="") if each.error and random.randrange(by) else each for each in history.requests]
    trial = replace(history.events[0], data={**history.events[0].data, "shared_by": by})
    return replace(history, requests=tuple(lucky), events=(trial, *history.events[1:]))


@few
@given(by=st.integers(2, 4), length=st.integers(200, 2000), random=st.randoms(use_true_random=False))
def test_where_several_serve_downtime_is_that_of_the_share_which_is_hit(by: int, length: int, random: Random) -> None:
    outages = [(1 * SECOND, 1 * SECOND + length * MILLISECOND), (5 * SECOND, 5 * SECOND + 30 * MILLISECOND)]
    verdict = evaluate(shared(outages, by=by, random=random))
    # The first and the last request that are hit are some requests away from the edges.
    assert verdict.downtime_ms is not None
    assert length - 500 <= verdict.downtime_ms <= length + 10
    assert (verdict.second_ms or 0) <= 40
    assert verdict.verdict == ("fail" if verdict.downtime_ms > 100 else "pass")


def test_where_several_serve_nothing_lost_is_no_downtime() -> None:
    verdict = evaluate(shared([], by=3, random=Random(1)))  # noqa: S311 - nothing secret
    assert (verdict.verdict, verdict.downtime_ms, verdict.second_ms) == ("pass", 0, None)


def test_where_several_serve_a_request_lost_is_one_period() -> None:
    history = a_history([(SECOND, SECOND + 10 * MILLISECOND)])
    trial = replace(history.events[0], data={**history.events[0].data, "shared_by": 3})
    assert evaluate(replace(history, events=(trial, *history.events[1:]))).downtime_ms == 10


@few
@given(first=st.integers(20, 2000), second=st.integers(20, 2000))
def test_the_longest_of_two_outages_counts(first: int, second: int) -> None:
    outages = [(0, first * MILLISECOND), (4 * SECOND, 4 * SECOND + second * MILLISECOND)]
    assert evaluate(a_history(outages)).downtime_ms == pytest.approx(max(first, second), abs=10)


@few
@given(random=st.randoms(use_true_random=False))
def test_the_order_of_requests_does_not_matter(random: Random) -> None:
    history = a_history([(0, 333 * MILLISECOND)])
    shuffled = list(history.requests)
    random.shuffle(shuffled)
    assert evaluate(replace(history, requests=tuple(shuffled))) == evaluate(history)


def test_budget_is_inclusive() -> None:
    outage = [(0, 100 * MILLISECOND)]
    assert evaluate(a_history(outage, budget=100)).verdict == "pass"
    assert evaluate(a_history(outage, budget=99)).verdict == "fail"


def test_a_late_answer_does_not_cut_the_outage_in_two() -> None:
    history = a_history([(0, SECOND)])
    half = FAULT + SECOND // 2
    saved = [a_request(half, took=SECOND) if request == a_request(half, "refused") else request for request in history.requests]
    assert saved != list(history.requests)
    verdict = evaluate(replace(history, requests=tuple(saved)))
    assert verdict.downtime_ms == 1000
    assert evaluate(replace(history, requests=tuple(saved)), served_within=2 * SECOND).downtime_ms < 1000  # type: ignore[operator]


def test_never_served_again_fails_with_what_was_seen() -> None:
    verdict = evaluate(a_history([(0, 60 * SECOND)]))
    assert verdict.verdict == "fail"
    assert verdict.downtime_ms == pytest.approx(10_000, abs=20)


def test_no_success_at_all_is_a_broken_probe() -> None:
    verdict = evaluate(a_history([(-3 * SECOND, 60 * SECOND)]))
    assert (verdict.verdict, verdict.downtime_ms) == ("unknown", None)
    assert "requests failed before the fault" in verdict.reasons


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ("fault", "the history does not say"),
        ("trial", "the history does not say"),
        ("injected", "the fault was not injected"),
        ("trace", "left no trace"),
    ],
)
def test_without_its_events_a_trial_is_unknown(missing: str, reason: str) -> None:
    verdict = evaluate(without(a_history([(0, 20 * SECOND)]), missing))
    assert verdict.verdict == "unknown"
    assert any(reason in said for said in verdict.reasons)


def test_a_fault_without_trace_is_unknown() -> None:
    history = without(a_history(), "trace")
    history = replace(history, events=(*history.events, Event("trace", FAULT, {"changed": False})))
    assert evaluate(history).verdict == "unknown"


def test_without_baseline_unknown() -> None:
    history = a_history()
    late = tuple(request for request in history.requests if request.start > FAULT - SECOND)
    assert "fewer requests before the fault than a baseline needs" in evaluate(replace(history, requests=late)).reasons


def test_stopped_too_soon_is_unknown() -> None:
    assert evaluate(a_history(until=SECOND)).verdict == "unknown"


def test_an_empty_history_is_unknown() -> None:
    assert evaluate(History(None, (), ())).verdict == "unknown"
    assert evaluate(replace(a_history(), requests=())).verdict == "unknown"


def test_flaws_make_any_verdict_unknown() -> None:
    assert evaluate(replace(a_history(), flaws=("line 3 is broken",))).verdict == "unknown"


@few
@given(begin=st.integers(100, 2000), length=st.integers(150, 5000))
def test_a_stalled_client_is_unknown_not_fail(begin: int, length: int) -> None:
    history = a_history()
    stall = range(FAULT + begin * MILLISECOND, FAULT + (begin + length) * MILLISECOND)
    asked = tuple(request for request in history.requests if request.start not in stall)
    verdict = evaluate(replace(history, requests=asked))
    assert verdict.verdict == "unknown"
    assert any("the client itself was late" in reason for reason in verdict.reasons)


def test_a_stall_below_the_budget_still_passes() -> None:
    history = a_history(budget=350)
    stall = range(FAULT, FAULT + 200 * MILLISECOND)
    assert evaluate(replace(history, requests=tuple(r for r in history.requests if r.start not in stall))).verdict == "pass"


def test_a_stall_cannot_excuse_an_outage_that_is_too_long_without_it() -> None:
    history = a_history([(0, 3 * SECOND)])
    edge = range(FAULT + 2900 * MILLISECOND, FAULT + 3100 * MILLISECOND)
    assert evaluate(replace(history, requests=tuple(r for r in history.requests if r.start not in edge))).verdict == "fail"


def test_a_stall_elsewhere_does_not_excuse_the_real_outage() -> None:
    history = a_history([(0, 300 * MILLISECOND)])
    stall = range(FAULT + 5 * SECOND, FAULT + 6 * SECOND)
    # Both gaps are over the budget; one of them is surely the system's.
    verdict = evaluate(replace(history, requests=tuple(r for r in history.requests if r.start not in stall)))
    assert verdict.verdict == "fail"


def test_a_fault_under_way_when_it_is_announced_is_no_bad_baseline() -> None:
    verdict = evaluate(a_history([(-20 * MILLISECOND, 50 * MILLISECOND)]))
    assert (verdict.verdict, verdict.downtime_ms) == ("pass", 70)


@pytest.mark.parametrize("event", ["healed-by-force", "not-recovered"])
def test_a_system_that_did_not_come_back_by_itself_fails(event: str) -> None:
    history = a_history()
    verdict = evaluate(replace(history, events=(*history.events, Event(event, FAULT, {"what": "haproxy stayed hung"}))))
    assert (verdict.verdict, verdict.reasons) == ("fail", ("haproxy stayed hung",))


def test_a_system_that_was_never_healthy_again_fails() -> None:
    assert evaluate(without(a_history(), "healthy")).verdict == "fail"


def test_an_error_of_the_runner_is_unknown() -> None:
    history = a_history()
    events = (*history.events, Event("error", FAULT, {"what": "lb-2 does not answer"}))
    verdict = evaluate(replace(history, events=events))
    assert (verdict.verdict, verdict.reasons) == ("unknown", ("lb-2 does not answer",))


def test_the_second_outage_is_told_beside_the_longest() -> None:
    verdict = evaluate(a_history([(SECOND, SECOND + 8 * PERIOD), (3 * SECOND, 3 * SECOND + 5 * PERIOD)]))
    assert (verdict.downtime_ms, verdict.second_ms) == (80, 50)
    assert evaluate(a_history([(SECOND, SECOND + 8 * PERIOD)])).second_ms == 0


def test_one_lost_request_is_served_when_it_is_tried_again() -> None:
    verdict = evaluate(a_history([(0, PERIOD)]))
    assert (verdict.failed, verdict.failed_after_retry) == (1, 0)


def test_a_retry_in_the_middle_of_an_outage_is_lost_too() -> None:
    # Ten fail; the retry of the last one is the first that is served again.
    verdict = evaluate(a_history([(0, 10 * PERIOD)]))
    assert (verdict.failed, verdict.failed_after_retry) == (10, 9)


def test_a_retry_comes_after_the_error_came_back() -> None:
    # Only the first of the outage hangs, for longer than the outage lasts: its user tries again when all is well.
    history = a_history([(0, 3 * PERIOD)])
    hung = [replace(r, error="timeout", end=r.start + SECOND) if r.start == FAULT else r for r in history.requests]
    assert evaluate(replace(history, requests=tuple(hung))).failed_after_retry == 1


def test_a_late_answer_is_not_tried_again() -> None:
    history = a_history()
    late = [replace(r, end=r.start + 400 * MILLISECOND) if r.start == FAULT else r for r in history.requests]
    verdict = evaluate(replace(history, requests=tuple(late)))
    assert (verdict.failed, verdict.failed_after_retry) == (1, 0)


def test_reconnect_is_from_the_first_unanswered_request_to_the_next_answer() -> None:
    history = a_history()
    broken = [Request("kept", FAULT + 50 * MILLISECOND, FAULT + 1050 * MILLISECOND, 0, "timeout")]
    broken.append(Request("kept", FAULT + 1060 * MILLISECOND, FAULT + 1061 * MILLISECOND, 0, "refused"))
    healed = Request("kept", FAULT + 1160 * MILLISECOND, FAULT + 1170 * MILLISECOND)
    rest = [r for r in history.requests if r.stream == "new" or not FAULT <= r.start <= FAULT + 1200 * MILLISECOND]
    assert evaluate(replace(history, requests=(*rest, *broken, healed))).reconnect_ms == 1120
    assert evaluate(history).reconnect_ms is None


def test_a_kept_connection_that_never_comes_back_fails() -> None:
    history = a_history()
    requests = [replace(r, error="reset") if r.stream == "kept" and r.start > FAULT else r for r in history.requests]
    verdict = evaluate(replace(history, requests=tuple(requests)))
    assert (verdict.verdict, verdict.reconnect_ms) == ("fail", None)
