"""Where labs keep their state, which labs there are, and the lock that keeps two commands apart."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twinkeel.errors import LabError, UsageError
from twinkeel.lab.layout import from_json
from twinkeel.lab.manifest import read
from twinkeel.lab.model import LabHost, LabLayout, LabPaths

LABS = Path("/var/lib/twinkeel/labs")
PRIVATE = 0o700
LOCK_DEADLINE = 60.0
POLL = 0.02


def paths_of(name: str) -> LabPaths:
    """Where the lab of that name keeps its state, whether or not it is there."""
    return LabPaths(LABS / name)


def names() -> tuple[str, ...]:
    """Every lab that has state on this machine, also one that was made only halfway."""
    return tuple(sorted(path.parent.name for path in LABS.glob("*/manifest.json")))


def load_layout(paths: LabPaths) -> LabLayout:
    """The layout of a lab that is up.

    Raises:
        UsageError: there is no such lab, or it was made only halfway.
    """
    manifest = read(paths.manifest)
    if manifest is None or not paths.layout_file.exists():
        known = ", ".join(names())
        hint = f"labs that are up: {known}" if known else "`twinkeel lab up -f SPEC` makes one"
        raise UsageError(f"there is no lab called {paths.root.name}", hint=hint)
    try:
        return from_json(paths.layout_file.read_text())
    except (ValueError, KeyError, TypeError) as error:
        hint = f"`twinkeel lab down --name {paths.root.name}`, then `twinkeel lab up`"
        raise LabError(f"the lab's layout cannot be read: {error}", where=str(paths.layout_file), hint=hint) from error


def find_host(layout: LabLayout, name: str) -> LabHost:
    """A host by its short name, full name or address. Raises UsageError with the names that exist."""
    for host in layout.hosts:
        if name in (host.name, host.fqdn, *(str(address) for address, _ in host.addresses)):
            return host
    raise UsageError(f"the lab {layout.name} has no host called {name}", hint=f"hosts: {', '.join(layout.names)}")


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold a lab for the time of one command.

    Raises:
        LabError: another command has held it for a minute.
    """
    LABS.mkdir(parents=True, exist_ok=True, mode=PRIVATE)
    descriptor = os.open(LABS / f".{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _wait_for_lock(descriptor, name)
        yield
    finally:
        os.close(descriptor)


def _wait_for_lock(descriptor: int, name: str) -> None:
    deadline = time.monotonic() + LOCK_DEADLINE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise LabError(f"another command is at work on the lab {name}", hint="wait until it has ended") from error
            time.sleep(POLL)
        else:
            return
