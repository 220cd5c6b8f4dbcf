"""What interval is recommended, and when none is."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from twinkeel.errors import HostError
from twinkeel.tune.evaluate import Choice, Tuning, curve, evaluate
from twinkeel.tune.recording import Recording

Record = Callable[..., Recording]


def choice(tuning: Tuning, interval: float) -> Choice:
    return next(each for each in tuning.choices if each.interval == interval)


def stalls(size: int, count: int = 24) -> dict[int, int]:
    """That many stalls, from almost nothing to `size` microseconds: evenly rarer the longer they are."""
    return {100 + number * 110: round(size * (number + 1) / count) for number in range(count)}


def test_quiet_machines_bear_the_shortest_interval(record: Record) -> None:
    found = evaluate(record(), wished=1)
    assert found.recommended is not None
    assert (found.recommended.interval, found.too_short, found.current.interval) == (0.02, False, 0.07)
    assert all(each.seen == 0 for each in found.choices)


def test_a_delay_longer_than_an_advertisement_may_be_is_seen(record: Record) -> None:
    """0.15 s: too late every 0.07 s (0.1416 may be), not every 0.1 s."""
    found = evaluate(record(delays={1000: 150_000}), wished=1)
    assert (choice(found, 0.07).seen, choice(found, 0.1).seen) == (1, 0)
    assert found.too_short
    assert found.recommended is None or found.recommended.interval > 0.07


def test_exactly_as_late_as_it_may_be(record: Record) -> None:
    """2 A + skew with the higher of both priorities, 240 of the backup's: (256 - 240) / 256 of A."""
    found = evaluate(record(delays={1000: 150_000}), wished=1)
    assert choice(found, 0.1).allowed == pytest.approx(0.2 + 0.1 * 6 / 256)
    assert choice(found, 0.1).takeover.high == pytest.approx(0.3 + 0.1 * 16 / 256)
    assert choice(found, 0.1).takeover.low == pytest.approx(0.2 + 0.1 * 6 / 256)


def test_a_backup_waits_by_its_own_priority(record: Record) -> None:
    """The first choice takes over 4 ms earlier than the second (every 0.1 s), and lb-1's packets go to the second."""
    found = evaluate(record(delays={1000: 204_000}), wished=1)
    assert choice(found, 0.1).seen == 0
    assert evaluate(record(delays={1000: 208_000}), wished=1).choices[4].seen == 1


def test_as_long_as_recommended_is_long_enough(record: Record) -> None:
    found = evaluate(record(interval=0.02), wished=1)
    assert (found.recommended, found.too_short) == (found.current, False)


def test_the_limit_decides_and_not_what_is_likely(record: Record) -> None:
    found = evaluate(record(delays=stalls(30_000)), wished=1)
    assert found.recommended is not None
    shorter = [each for each in curve(found) if each.interval < found.recommended.interval]
    assert all((each.bound or 0) > 1 for each in shorter)
    assert any((each.estimate or 0) <= 1 for each in shorter)


def test_the_model_never_says_worse_than_counting(record: Record) -> None:
    """One delay a little below the limit, and no other: it would be a common one for the model."""
    shortest = choice(evaluate(record(delays={1000: 40_300}), wished=1), 0.02)
    assert (shortest.seen, shortest.bound) == (0, shortest.proven)


def test_stalls_that_go_on_as_they_are_need_a_longer_interval(record: Record) -> None:
    short, long = (evaluate(record(delays=stalls(size)), wished=1) for size in (10_000, 30_000))
    assert short.recommended is not None
    assert long.recommended is not None
    assert 0.02 < short.recommended.interval < long.recommended.interval
    # Nothing was too late for either: it is the tail that says no to shorter ones.
    assert choice(long, 0.02).seen == 0
    assert (choice(long, 0.02).bound or 0) > 1


def test_who_puts_up_with_more_gets_a_shorter_interval(record: Record) -> None:
    recording = record(delays=stalls(30_000))
    strict, easy = evaluate(recording, wished=0.01).recommended, evaluate(recording, wished=50).recommended
    assert strict is not None
    assert easy is not None
    assert easy.interval < strict.interval


def test_counting_alone_proves_little(record: Record) -> None:
    """30 s without one: up to 3.0 in 30 s, with 95 %."""
    found = evaluate(record(), wished=1)
    assert found.current.proven == pytest.approx(2.9957 / 30 * 365.25 * 86400, rel=0.01)
    assert (found.current.bound or 0) < found.current.proven


def test_a_longer_interval_is_never_more_dangerous(record: Record) -> None:
    rates = [each.bound or 0 for each in evaluate(record(delays=stalls(30_000)), wished=1).choices]
    assert rates == sorted(rates, reverse=True)


def test_the_worst_phase_counts(record: Record) -> None:
    phases = ("as they are", "loaded")
    calm = evaluate(record(phases=phases), wished=1)
    loaded = evaluate(record(phases=phases, delays=stalls(30_000), delayed_phase="loaded"), wished=1)
    assert calm.recommended is not None
    assert loaded.recommended is not None
    assert calm.recommended.interval < loaded.recommended.interval


def test_losses_for_themselves_are_counted_with(record: Record) -> None:
    """One packet in a hundred: three in a row are lost every few hours, whatever the interval."""
    found = evaluate(record(lost={number for number in range(50, 2950) if number % 100 == 7}), wished=1)
    assert (found.current.estimate or 0) > 100
    assert found.recommended is None
    assert found.too_short


def test_a_silence_longer_than_the_timer_is_a_false_failover(record: Record) -> None:
    found = evaluate(record(lost=set(range(1000, 1030))), wished=1)
    assert (choice(found, 0.07).seen, choice(found, 0.2).seen) == (1, 0)


def test_version_2_has_whole_seconds(record: Record) -> None:
    found = evaluate(record(interval=1.0, version=2), wished=1)
    assert [each.interval for each in found.choices] == [1.0, 2.0, 3.0, 5.0]
    assert (found.recommended or found.current).interval == 1.0


def test_an_interval_of_its_own_is_shown(record: Record) -> None:
    found = evaluate(record(interval=0.33), wished=1)
    assert found.current.interval == 0.33
    assert found.current in found.choices


def test_too_short_a_measurement_recommends_nothing(record: Record) -> None:
    found = evaluate(record(500), wished=1)
    assert (found.recommended, found.current.estimate, found.too_short) == (None, None, True)


def test_a_direction_that_heard_nothing_is_an_error(record: Record) -> None:
    with pytest.raises(HostError, match=r"lb-2 heard nothing from 192\.168\.1\.111"):
        evaluate(record(300, lost=set(range(300))), wished=1)


def test_a_host_that_broke_off_is_an_error(record: Record) -> None:
    whole = record(300)
    lines = tuple(line for line in whole.lines if (line["kind"], line["host"]) != ("end", "lb-2"))
    with pytest.raises(HostError, match=r"broke off.*\n.*lb-2"):
        evaluate(replace(whole, lines=lines), wished=1)


def test_advertisements_of_keepalived_are_told(record: Record) -> None:
    whole = record(300)
    times = [70_000 * number for number in range(40)]
    times[20] += 9_000
    said = {"kind": "advert", "phase": "as they are", "host": "lb-2", "from": "192.168.1.111", "to": "192.168.1.112", "at": times}
    found = evaluate(replace(whole, lines=(*whole.lines, {**said, "vrid": 216}, {**said, "vrid": 99})), wished=1)
    (one,) = found.advertisements
    assert (one.sender, one.receiver, one.vrid, one.count) == ("lb-1", "lb-2", 216, 39)
    assert one.longest_late == pytest.approx(0.009)
