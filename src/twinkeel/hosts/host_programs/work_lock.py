"""A part of what runs on hosts: who changes a load balancer's files and services holds a lock there until it is done.

A module that lost its connection, or whose `twinkeel apply` was killed, goes on to its end on the host. What it is about to change
must not be looked at before.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PATH = "/run/twinkeel/work"
DEADLINE = 40.0
PAUSE = 0.1


@contextmanager
def at_work(path: str = PATH, deadline: float = DEADLINE) -> Iterator[bool]:
    """Hold the lock while the body runs, once nobody else does; False where somebody else still did at the deadline (seconds)."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    end = time.monotonic() + deadline
    with open(path, "a") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > end:
                    yield False
                    return
                time.sleep(PAUSE)
            else:
                yield True
                return


def wait_until_free(path: str = PATH, deadline: float = DEADLINE) -> None:
    """Until nobody is at work, or the deadline (seconds) is over. Where nobody ever was nothing is made."""
    if os.path.exists(path):
        with suppress(OSError), at_work(path, deadline):
            pass
