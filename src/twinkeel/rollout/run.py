"""One run of `apply` or `rollback`: where it works, how it tells about itself, and what came out."""

import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from twinkeel.hosts.executor import Writer
from twinkeel.hosts.lock import owner
from twinkeel.plan.model import Desired
from twinkeel.render.files import RenderedFiles
from twinkeel.render.haproxy import Trust
from twinkeel.support.events import Notice, OnEvent, StepEnded, StepStarted
from twinkeel.topology.model import Topology


@dataclass(frozen=True)
class Run:
    """Where a run works, and how it tells about itself.

    `log` is where Ansible's output is kept; its folder exists. `on_event` is called from more than one thread, never by two at
    once. `break_lock` takes the lock from whoever holds it; with `held` this run has it already.
    `discard`: what files that somebody else wrote do, and nothing replaces, may end.
    """

    topology: Topology
    writer: Writer
    log: Path
    on_event: OnEvent
    break_lock: bool = False
    held: bool = False
    discard: bool = False

    @asynccontextmanager
    async def step(self, title: str) -> AsyncIterator[list[str]]:
        """Tells when a step begins and ends; the body adds what came out of it."""
        began, details = time.monotonic_ns(), list[str]()
        self.on_event(StepStarted(title))
        yield details
        self.on_event(StepEnded(title, ", ".join(details), (time.monotonic_ns() - began) / 1e9))

    def note(self, text: str) -> None:
        """Something that the person must read."""
        self.on_event(Notice(text))


@dataclass(frozen=True)
class ApplyResult:
    """What came out: how much was changed on each host (files, packages and services; see `HostPlan.changes`), the first virtual
    IP's holder and each one's, and whether TLS is verified.

    `generation` is the number under which the replaced files were kept; None when none was replaced.
    """

    changed: dict[str, int]
    holder: str
    trust: Trust
    seconds: float
    generation: int | None = None
    holders: dict[str, str] = field(default_factory=dict)

    @property
    def changed_anything(self) -> bool:
        """False when every host was as it must be."""
        return any(self.changed.values())


def about_this_run(command: str, wanted: Desired) -> dict[str, str]:
    """What is noted on the hosts of who did this."""
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "who": owner(),
        "command": f"twinkeel {command}",
        "files": digest(wanted.rendered),
    }


def digest(rendered: RenderedFiles) -> str:
    """What tells one set of rendered files from another: the first 12 digits of a SHA-256."""
    total = hashlib.sha256()
    for name, files in sorted(rendered.hosts.items()):
        for file in files:
            total.update(f"{name}\0{file.path}\0{file.mode:o}\0{file.content}\0".encode())
    return total.hexdigest()[:12]
