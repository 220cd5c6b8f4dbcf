"""Time inside is monotonic: a wall clock may jump. What people read is made of it at the last moment."""

import time
from collections.abc import Callable

Clock = Callable[[], float]
"""Seconds of a clock that never goes back."""

monotonic: Clock = time.monotonic


def wall() -> float:
    """Unix time, for display alone."""
    return time.time()
