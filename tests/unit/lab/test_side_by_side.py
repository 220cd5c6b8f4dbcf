"""Two preparations at once: neither outlives a failure or an interruption of the other."""

import threading

import pytest

from twinkeel.errors import ToolError
from twinkeel.lab.side_by_side import shares, side_by_side


def test_both_are_done_at_the_same_time() -> None:
    met = threading.Barrier(2, timeout=30)
    side_by_side(met.wait, met.wait)
    assert not met.broken


def test_the_seconds_failure_comes_after_the_first_has_ended() -> None:
    failed, done = threading.Event(), []

    def fail() -> None:
        failed.set()
        raise ToolError("the build failed")

    def first() -> None:
        assert failed.wait(30)
        done.append("image")

    with pytest.raises(ToolError, match="the build failed"):
        side_by_side(first, fail)
    assert done == ["image"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ToolError("no image")])
def test_the_firsts_failure_is_what_is_told(error: BaseException) -> None:
    go_on = threading.Event()

    def first() -> None:
        go_on.set()
        raise error

    with pytest.raises(type(error)):
        side_by_side(first, lambda: go_on.wait(30))


def test_the_whole_is_what_its_parts_are_by_weight() -> None:
    seen: list[tuple[str, float]] = []
    image, programs = shares(lambda step, fraction: seen.append((step, fraction)), 1.0, 9.0)
    image("unpack", 0.5)
    programs("compile", 0.5)
    image("ready", 1.0)
    programs("compiled", 1.0)
    assert seen == [("unpack", 0.05), ("compile", 0.5), ("ready", 0.55), ("compiled", 1.0)]
