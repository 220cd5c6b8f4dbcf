"""Which failed requests load balancers must answer for, on made histories."""

import pytest
from prober import moments, not_excused

from twinkeel.drill.history import MILLISECOND, SECOND, Request


def asked(*errors: str, start: int = 0, every: int = 50 * MILLISECOND) -> tuple[Request, ...]:
    """Requests on a grid; one that timed out ends a second after its start, any other after 5 ms."""
    starts = [start + number * every for number in range(len(errors))]
    lengths = [SECOND if error == "timeout" else 5 * MILLISECOND for error in errors]
    return tuple(Request("new", at, at + length, 0, error) for at, length, error in zip(starts, lengths, errors, strict=True))


OUTAGE = asked("", "timeout", "timeout", "timeout", "")
WELL = asked(*[""] * 20, every=100 * MILLISECOND)
HELD_UP = (Request("new", 100 * MILLISECOND, 800 * MILLISECOND),)


@pytest.mark.parametrize(
    ("requests", "direct", "failed"),
    [
        (OUTAGE, WELL, 3),
        (OUTAGE, (*WELL, *HELD_UP), 0),
        (OUTAGE, asked("", "timeout"), 0),
        (OUTAGE, asked("", "timeout", start=3 * SECOND), 3),
        (asked("", "timeout", ""), WELL, 0),
        (asked("", "refused", ""), (*WELL, *HELD_UP), 1),
        (asked("timeout", "timeout"), WELL, 2),
    ],
    ids=["outage", "a server was slow", "a server timed out", "a server was slow later", "alone", "refused", "at the ends"],
)
def test_only_timeouts_are_excused_that_api_servers_or_chance_explain(
    requests: tuple[Request, ...], direct: tuple[Request, ...], failed: int
) -> None:
    assert len(not_excused(requests, direct)) == failed


def reset(start: int, end: int) -> Request:
    return Request("new", start, end, 0, "reset")


@pytest.mark.parametrize(
    ("failed", "count"),
    [
        ((), 0),
        ((reset(0, 33 * MILLISECOND), reset(11 * MILLISECOND, 33 * MILLISECOND + 20_000)), 1),
        ((reset(0, 63 * MILLISECOND), reset(9 * MILLISECOND, 60 * MILLISECOND), reset(50 * MILLISECOND, 55 * MILLISECOND)), 1),
        ((reset(0, 30 * MILLISECOND), reset(20 * MILLISECOND, 60 * MILLISECOND), reset(50 * MILLISECOND, 90 * MILLISECOND)), 2),
        ((reset(0, 5 * MILLISECOND), reset(10 * MILLISECOND, 15 * MILLISECOND)), 2),
        (asked("refused", "refused", "refused", every=10 * MILLISECOND), 3),
    ],
    ids=["none", "under way at once", "cut a little later", "never all at once", "one after the other", "refused"],
)
def test_requests_that_one_move_resets_are_one_moment(failed: tuple[Request, ...], count: int) -> None:
    assert moments(failed) == count
