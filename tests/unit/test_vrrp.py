"""The arithmetic, against the published tables and for every input."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinkeel.vrrp import (
    Range,
    master_down,
    server_detection,
    silence_detection,
    skew,
    takeover_after_resignation,
    takeover_after_silence,
)

priorities = st.integers(1, 254)
intervals = st.integers(1, 4095).map(lambda hundredths: hundredths / 100)
times = st.floats(0, 60)


@pytest.mark.parametrize(
    ("version", "interval", "priority", "down", "wait"),
    [
        (2, 5.0, 100, 15.609, 0.609),
        (2, 1.0, 100, 3.609, 0.609),
        (2, 1.0, 254, 3.008, 0.008),
        (3, 0.25, 190, 0.814, 0.064),
        (3, 0.1, 254, 0.301, 0.001),
        (3, 0.01, 254, 0.030, 0.0),
    ],
)
def test_known_configurations(version: int, interval: float, priority: int, down: float, wait: float) -> None:
    assert master_down(priority, interval, version) == pytest.approx(down, abs=0.0006)
    assert skew(priority, interval, version) == pytest.approx(wait, abs=0.0006)


@given(priorities, intervals)
def test_a_higher_priority_never_waits_longer(priority: int, interval: float) -> None:
    assert skew(priority + 1, interval) < skew(priority, interval) < interval
    assert master_down(priority + 1, interval) < master_down(priority, interval)


@given(priorities, intervals)
def test_silence_takes_between_two_and_four_intervals(priority: int, interval: float) -> None:
    takeover = takeover_after_silence(priority, interval)
    assert 2 * interval <= takeover.low < takeover.high <= 4 * interval
    assert takeover.high - takeover.low == pytest.approx(interval)


@given(priorities, intervals)
def test_a_resignation_is_always_quicker_than_silence(priority: int, interval: float) -> None:
    assert takeover_after_resignation(priority, interval).high < takeover_after_silence(priority, interval).low


@given(times, times, st.integers(1, 10), times)
def test_detection_waits_at_most_one_interval_for_the_first_check(inter: float, fast: float, fall: int, answer: float) -> None:
    found = server_detection(inter, fast, fall, answer)
    assert found.high - found.low == pytest.approx(inter)
    assert found.low >= answer
    assert server_detection(inter, fast, fall + 1, answer).high >= found.high


def test_detection_of_a_refused_and_of_a_silent_server() -> None:
    assert server_detection(0.5, 0.25, 2, 0.0) == Range(0.25, 0.75)
    assert server_detection(0.5, 0.25, 3, 0.5) == Range(2.0, 2.5)
    assert server_detection(2.0, 1.0, 3, 0.0) == Range(2.0, 4.0)


@given(st.floats(0.01, 5), st.floats(0.01, 60))
def test_a_hang_is_found_around_the_deadline(interval: float, deadline: float) -> None:
    found = silence_detection(interval, deadline)
    assert found.low <= deadline <= found.high


def test_ranges_add_up_and_never_run_backwards() -> None:
    assert Range(1, 2) + Range(0.5, 3) == Range(1.5, 5)
    with pytest.raises(ValueError, match="not a range"):
        Range(2, 1)
    with pytest.raises(ValueError, match="not a range"):
        Range(-1, 1)


@pytest.mark.parametrize(("priority", "interval", "version"), [(0, 1, 3), (256, 1, 3), (100, 0.001, 3), (100, 41, 3), (100, 1, 4)])
def test_what_the_protocol_does_not_have_is_refused(priority: int, interval: float, version: int) -> None:
    with pytest.raises(ValueError, match=r"priority|interval|version"):
        skew(priority, interval, version)


def test_checks_need_sensible_numbers() -> None:
    with pytest.raises(ValueError, match="fall"):
        server_detection(1, 1, 0, 0)
