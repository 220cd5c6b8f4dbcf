"""A trial told moment by moment."""

from twinkeel.drill.history import MILLISECOND, Event, History, Request
from twinkeel.report.moments import Moment, moments


def at(ms: float) -> int:
    return round((10_000 + ms) * MILLISECOND)


def event(name: str, ms: float, **data: object) -> Event:
    return Event(name, at(ms), data)  # type: ignore[arg-type]


def new(ms: float, error: str = "", took: float = 5, stream: str = "new") -> Request:
    return Request(stream, at(ms), at(ms + took), 0, error)  # type: ignore[arg-type]


def history(*records: Event | Request) -> History:
    return History(
        events=tuple(each for each in records if isinstance(each, Event)),
        requests=tuple(each for each in records if isinstance(each, Request)),
        probe=None,
        flaws=(),
    )


FAULT = (event("fault", -20, host="lb-1"), event("injected", 0))


def test_times_are_since_the_drill_began_to_break_it() -> None:
    told = moments(history(*FAULT, event("vip", 31.26, host="lb-2", address="10.0.0.1", held=True)))
    assert told == (
        Moment(0.0, "the drill begins to break lb-1"),
        Moment(20.0, "the command that breaks it has ended"),
        Moment(51.3, "lb-2 has 10.0.0.1"),
    )


def test_what_was_before_the_fault_is_left_out() -> None:
    before = (event("vip", -50, host="lb-1", address="10.0.0.1", held=True), new(-60, "timeout", took=10))
    assert [each.what for each in moments(history(*before, *FAULT))] == [
        "the drill begins to break lb-1",
        "the command that breaks it has ended",
    ]


def test_requests_that_are_not_served_are_told_together_until_half_a_second_passes_without_one() -> None:
    requests = (new(0), new(10, "reset"), new(20, "refused"), new(30), new(40, took=300), new(50), new(600, "timeout"), new(610))
    assert [(each.ms, each.what) for each in moments(history(*FAULT, *requests))[2:]] == [
        (30.0, "new connections fail from here on (reset, refused, late)"),
        (60.0, "the last new connection that fails; 3 of 4 since then"),
        (620.0, "a new connection fails (timeout)"),
    ]


def test_other_streams_are_told_by_their_connections() -> None:
    lost = event("connection-lost", 40, connection="h2", error="goaway")
    assert moments(history(*FAULT, new(10, "reset", stream="kept"), lost))[2:] == (
        Moment(60.0, "the client's h2 connection ended: goaway"),
    )


def test_a_trial_that_broke_nothing_has_no_moments() -> None:
    assert moments(history(event("holder-before", 0, holder="lb-1"))) == ()
