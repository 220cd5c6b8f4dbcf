"""Folders that are made once and then kept: whole or not at all, and by one process at a time."""

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from twinkeel.errors import ToolError

LOCK_DEADLINE = 20 * 60.0
LOCK_POLL = 0.5


def make_once(target: Path, make: Callable[[Path], Path], *, on_wait: Callable[[], None]) -> Path:
    """`target`, made by `make` unless it is there already.

    `make` gets a work folder beside the target that may hold what an interrupted run left, and returns the folder inside it
    (or the work folder itself) that becomes the target. The rename comes last, so a target that exists is complete.
    The work folder stays when `make` fails: the next run resumes there. `on_wait` is called once if another process is at it.

    Raises:
        ToolError: another process held the lock for twenty minutes.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with _locked(target.with_name(target.name + ".lock"), on_wait):
        if target.is_dir():
            return target
        work = target.with_name(target.name + ".part")
        work.mkdir(exist_ok=True)
        finished = make(work)
        os.sync()  # after a power loss the renamed folder must not hold empty files
        finished.rename(target)
        if work.exists():
            shutil.rmtree(work)
    return target


@contextmanager
def _locked(path: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """An exclusive lock that children inherit: while an orphaned compiler still writes, nobody else starts."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    os.set_inheritable(descriptor, True)
    try:
        _acquire(descriptor, path, on_wait)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, path: Path, on_wait: Callable[[], None]) -> None:
    deadline = time.monotonic_ns() + int(LOCK_DEADLINE * 1e9)
    waited = False
    while not _try_lock(descriptor):
        if not waited:
            on_wait()
            waited = True
        if time.monotonic_ns() > deadline:
            raise ToolError(
                "another process has been preparing Kubernetes for too long",
                where=str(path),
                hint="see which with: fuser -v " + str(path),
            )
        time.sleep(LOCK_POLL)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
