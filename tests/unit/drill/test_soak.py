"""A soak is judged from its history alone."""

from twinkeel.drill.history import MILLISECOND, Event, History, Request
from twinkeel.drill.soak import evaluate_soak


def at(milliseconds: int, name: str, **data: object) -> Event:
    return Event(name, milliseconds * MILLISECOND, data)


def asked(start: int, took: int = 3, error: str = "") -> Request:
    return Request("new", start * MILLISECOND, (start + took) * MILLISECOND, 0, error)


WATCH = (at(0, "vip", host="lb-1", held=True), at(0, "vip", host="lb-2", held=False))
FRAME = (at(0, "soak", minutes=1, holder="lb-1"), *WATCH, at(100, "saturated"), at(900, "relaxed"))
REQUESTS = (asked(50, error="refused"), asked(150), asked(250, 300), asked(350, error="timeout"), asked(950, error="refused"))


def test_a_quiet_soak_passes_and_counts_what_was_asked_under_load() -> None:
    result = evaluate_soak(History(None, REQUESTS, FRAME))
    assert (result.verdict, result.false_failovers, result.requests, result.failed) == ("pass", 0, 3, 2)
    assert result.slowest_ms == 300


def test_a_virtual_ip_that_moved_fails() -> None:
    moved = (*FRAME[:-1], at(500, "vip", host="lb-2", held=True), at(501, "vip", host="lb-1", held=False), FRAME[-1])
    result = evaluate_soak(History(None, REQUESTS, moved))
    assert (result.verdict, result.false_failovers) == ("fail", 1)


def test_what_was_not_watched_is_not_passed() -> None:
    lost = (*FRAME[:-1], at(500, "observer-lost", host="lb-2", heard=400), FRAME[-1])
    assert evaluate_soak(History(None, REQUESTS, lost)).verdict == "unknown"
    unwatched = (FRAME[0], *FRAME[3:])
    assert evaluate_soak(History(None, REQUESTS, unwatched)).verdict == "unknown"
    assert evaluate_soak(History(None, REQUESTS, FRAME[:-1])).verdict == "unknown"
    assert evaluate_soak(History(None, REQUESTS, FRAME, flaws=("the client stopped",))).verdict == "unknown"


def sessions(first: int, last: int) -> History:
    """A soak in which lb-1 told so many lost sessions at the beginning and at the end."""
    told = (at(99, "bgp-sessions", host="lb-1", lost=first), *FRAME[3:], at(901, "bgp-sessions", host="lb-1", lost=last))
    return History(None, REQUESTS, (*FRAME[:3], *told))


def test_a_bgp_session_that_was_lost_fails() -> None:
    assert evaluate_soak(History(None, REQUESTS, FRAME)).sessions_lost is None
    assert (evaluate_soak(sessions(3, 3)).sessions_lost, evaluate_soak(sessions(3, 3)).verdict) == (0, "pass")
    assert (evaluate_soak(sessions(3, 5)).sessions_lost, evaluate_soak(sessions(3, 5)).verdict) == (2, "fail")
