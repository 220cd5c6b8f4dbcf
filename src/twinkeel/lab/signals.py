"""Signals: a removal is not interrupted, and a command that we become gets them as a shell would give them."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

POLITE = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# Python ignores these, and an ignored signal stays ignored in the program that a process becomes.
IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore a second Ctrl-C while the first one's remains are removed. For the main thread."""
    before = [(number, signal.signal(number, signal.SIG_IGN)) for number in POLITE]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def restore_for_command() -> None:
    """What a shell would give the command that this process is about to become."""
    for number in IGNORED_BY_PYTHON:
        signal.signal(number, signal.SIG_DFL)
