"""What became of each stream: waits, failures and endings from the fault on, and nothing where nothing was measured."""

from dataclasses import replace

import pytest

from twinkeel.drill.history import MILLISECOND, SECOND, Event, History, Probe, Request, Stream
from twinkeel.drill.stream_results import StreamResult, stream_results

FAULT = 10 * SECOND
PROBE = Probe(10 * MILLISECOND, 100 * MILLISECOND, SECOND, "https://192.0.2.1:6443/version", "", "nothing", ("h2-read", "download"))


def at(ms: int, took: int = 5, error: str = "", stream: Stream = "h2-read", waited: int = 0, heard: int = 0) -> Request:
    """A request that started that many ms after the fault; `heard` is told in the same way."""
    start = FAULT + ms * MILLISECOND
    heard_at = FAULT + heard * MILLISECOND if waited else 0
    return Request(stream, start, start + took * MILLISECOND, 0, error, waited * MILLISECOND, heard_at)


def lost(ms: int, connection: str, error: str) -> Event:
    return Event("connection-lost", FAULT + ms * MILLISECOND, {"connection": connection, "error": error})


def a_history(*requests: Request, events: tuple[Event, ...] = ()) -> History:
    return History(PROBE, requests, (Event("fault", FAULT), *events))


def of(history: History, name: str = "h2-read") -> StreamResult:
    return next(each for each in stream_results(history) if each.kind.name == name)


def test_a_stream_that_goes_on_has_waited_as_long_as_its_slowest_answer() -> None:
    found = of(a_history(at(-100), at(0), at(100, took=30), at(200)))
    assert (found.requests, found.failed, found.connections_lost, found.stall_ms, found.served_again) == (3, 0, 0, 30, True)


def test_failures_in_a_row_are_one_wait() -> None:
    history = a_history(
        at(-100), at(10, error="reset"), at(110, error="refused"), at(210, took=20), at(310), at(410, error="reset"), at(510)
    )
    found = of(history)
    assert (found.stall_ms, found.failed, found.errors) == (220, 3, {"reset": 2, "refused": 1})


def test_a_long_request_counts_its_waits_and_not_its_length() -> None:
    served = at(-500, took=1000, stream="download", waited=40, heard=-490)
    assert of(a_history(at(-1600, took=900, stream="download", waited=1, heard=-1590), served), "download").stall_ms == 40


def test_a_long_request_that_broke_waited_from_its_last_sign_of_life_to_the_next() -> None:
    """It broke 1,200 ms after the fault, silent since 200; the next one had its first sign of life at 1,350."""
    history = a_history(
        at(-2000, took=1000, stream="download", waited=1, heard=-1990),
        at(-500, took=1700, error="timeout", stream="download", waited=1000),
        at(1300, took=1000, stream="download", waited=50, heard=1350),
    )
    assert of(history, "download").stall_ms == 1150


def test_a_stream_that_never_came_back_has_waited_until_its_last_failure_and_says_so() -> None:
    found = of(a_history(at(-100), at(0, error="reset"), at(1000, took=1000, error="timeout")))
    assert (found.stall_ms, found.served_again) == (2000, False)


def test_streams_of_one_connection_share_its_endings() -> None:
    events = (lost(-5, "h2", "reset"), lost(5, "h2", "goaway"), lost(6, "download", "closed"))
    history = a_history(at(-100), at(50), events=events)
    assert (of(history).connections_lost, of(history).endings) == (1, {"goaway": 1})


@pytest.mark.parametrize(
    ("requests", "reason"),
    [
        ((), "no request was answered before the fault"),
        ((at(5),), "no request was answered before the fault"),
        ((at(-100, error="http-403"), at(5)), "not served before the fault (http-403)"),
        ((at(-100),), "no request ended after the fault"),
    ],
)
def test_what_was_not_measured_has_no_figures(requests: tuple[Request, ...], reason: str) -> None:
    found = of(a_history(*requests))
    assert found == StreamResult(found.kind, reason=reason)
    assert (found.failed, found.stall_ms) == (None, None)


def test_without_a_fault_or_a_client_there_is_nothing_to_tell() -> None:
    history = a_history(at(-100), at(5))
    assert stream_results(replace(history, events=())) == ()
    assert stream_results(replace(history, probe=None)) == ()
