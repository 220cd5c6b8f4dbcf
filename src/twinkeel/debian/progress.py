"""How long-running work tells how far it is."""

from collections.abc import Callable

# A step's name for a person, and how much of the whole work is done: 0.0 to 1.0.
Progress = Callable[[str, float], None]


def within(progress: Progress, start: float, end: float) -> Progress:
    """The same progress for a part of the work: 0.0 to 1.0 of the part is `start` to `end` of the whole."""
    return lambda step, fraction: progress(step, start + (end - start) * fraction)
