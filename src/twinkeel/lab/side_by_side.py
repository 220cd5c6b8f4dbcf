"""Two long preparations at once: while one waits for a server or the disk, the other has the processors."""

from collections.abc import Callable

from twinkeel.debian.commands import Worker
from twinkeel.debian.progress import Progress

# A killed compiler is gone at once; a download may sit in a read. The process does not wait for that.
STOP_DEADLINE = 5.0


def side_by_side(first: Callable[[], object], second: Callable[[], object]) -> None:
    """Both to their end; `first` in this thread. When it fails or is interrupted, `second` is stopped.

    A failure of `second` is raised after `first` has ended: what that makes is kept for the next run.
    """
    worker = Worker(second)
    worker.start()
    try:
        first()
        while worker.is_alive():
            worker.join(1.0)  # in short turns, so that Ctrl-C is heard
    except BaseException:
        worker.stop(STOP_DEADLINE)
        raise
    if worker.error is not None:
        raise worker.error


def shares(progress: Progress, *weights: float) -> tuple[Progress, ...]:
    """A progress for each part of the work; the whole is how far all of them are, by their weight."""
    done = [0.0] * len(weights)

    def part(number: int) -> Progress:
        def tell(step: str, fraction: float) -> None:
            done[number] = fraction
            progress(step, sum(share * weight for share, weight in zip(done, weights, strict=True)) / sum(weights))

        return tell

    return tuple(part(number) for number in range(len(weights)))
