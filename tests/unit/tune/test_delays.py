"""From times of arrival to delays."""

from collections.abc import Callable

import pytest

from twinkeel.tune.delays import Delays, delays_of
from twinkeel.tune.recording import Recording

Record = Callable[..., Recording]


def outgoing(recording: Recording) -> Delays:
    """From lb-1 to lb-2: the direction in which recordings have their faults."""
    return next(each for each in delays_of(recording) if each.sender == "lb-1")


def test_every_direction_of_every_phase_is_there(record: Record) -> None:
    found = delays_of(record(200, phases=("as they are", "loaded")))
    assert [(each.phase, each.sender, each.receiver) for each in found] == [
        ("as they are", "lb-1", "lb-2"),
        ("as they are", "lb-2", "lb-1"),
        ("loaded", "lb-1", "lb-2"),
        ("loaded", "lb-2", "lb-1"),
    ]


def test_clocks_that_began_at_different_times_are_no_delay(record: Record) -> None:
    assert outgoing(record(500)).longest < 0.002


def test_a_late_packet_is_as_late_as_it_is(record: Record) -> None:
    found = outgoing(record(500, delays={250: 80_000}))
    assert found.longest == pytest.approx(0.080, abs=0.001)


def test_one_stall_is_one_event(record: Record) -> None:
    """Eight packets come late together, most of them in one tenth of a second."""
    found = outgoing(record(500, delays={255: 80_000}))
    assert sum(each > 0.020 for each in found.maxima) == 1


def test_a_delay_that_grows_packet_by_packet_is_as_long_as_it_became(record: Record) -> None:
    found = outgoing(record(500, delays={250 + number: 3000 * number for number in range(21)}))
    assert found.longest == pytest.approx(0.060, abs=0.001)


def test_a_clock_that_runs_faster_is_no_delay(record: Record) -> None:
    """100 millionths are 30 ms in five minutes."""
    calm = record(30_000)
    lines = [{**line, "at": [round(at * 1.0001) for at in line["at"]]} if line["kind"] == "heard" else line for line in calm.lines]
    assert outgoing(Recording(calm.header, tuple(lines))).longest < 0.002


def test_packets_that_are_lost_are_counted_and_a_single_one_is_no_delay(record: Record) -> None:
    found = outgoing(record(500, lost={100, 300}))
    assert (found.lost, found.longest < 0.002) == (2, True)


def test_packets_lost_in_a_row_are_a_silence(record: Record) -> None:
    """Ten of them: 0.11 s instead of 0.01 s between two arrivals."""
    found = outgoing(record(500, lost=set(range(200, 210))))
    assert found.lost == 10
    assert found.longest == pytest.approx(0.100, abs=0.001)


def test_what_was_never_sent_is_not_lost(record: Record) -> None:
    """A sender that stalled longer than it makes up for leaves slots out; the packet before them tells how long it was."""
    calm = record(500, lost=set(range(200, 300)))
    lines = [{**line, "late": line["late"][:200]} if line["kind"] == "slots" else line for line in calm.lines]
    rest = [{**line, "first": 300, "late": line["late"][300:]} for line in calm.lines if line["kind"] == "slots"]
    found = outgoing(Recording(calm.header, (*lines, *rest)))
    assert (found.lost, found.longest < 0.002) == (0, True)


def test_how_late_the_latest_one_was_sent(record: Record) -> None:
    recording = record(500, delays={250: 80_000})
    sent = [
        {**line, "late": [75_000 if slot == 250 else late for slot, late in enumerate(line["late"])]}
        if line["kind"] == "slots" and line["host"] == "lb-1"
        else line
        for line in recording.lines
    ]
    assert outgoing(Recording(recording.header, tuple(sent))).longest_sent_late == pytest.approx(0.075)


def test_where_nothing_arrives_there_is_nothing(record: Record) -> None:
    found = outgoing(record(300, lost=set(range(300))))
    assert (found.seconds, found.maxima, found.lost) == (0, (), 0)
