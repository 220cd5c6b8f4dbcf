"""What happens during an apply, a rollback or a switchover, as values that a caller shows as it likes."""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

Outcome = Literal["done", "healthy", "failed", "undone", "lost"]


@dataclass(frozen=True)
class StepStarted:
    """A step of the procedure begins; `title` is a short phrase in the imperative."""

    title: str


@dataclass(frozen=True)
class StepEnded:
    """The step that began last is done; `detail` says what came out, `seconds` how long it took."""

    title: str
    detail: str
    seconds: float


@dataclass(frozen=True)
class HostStarted:
    """Work on one load balancer begins. `does` says why in a few words; `paths` are the files that will change."""

    host: str
    does: str
    paths: tuple[str, ...] = ()


@dataclass(frozen=True)
class HostEnded:
    """Work on one load balancer is over.

    `outcome`: done (it has its new files and serves), healthy (nothing to change, and it serves), failed (nothing was replaced),
    undone (it has its last good files again) or lost (it could not be put back).
    """

    host: str
    outcome: Outcome
    seconds: float
    detail: str = ""


@dataclass(frozen=True)
class VipMoved:
    """A virtual IP is on another load balancer and answers there; `seconds` from the request to move it."""

    vip: str
    source: str
    target: str
    seconds: float


@dataclass(frozen=True)
class StepDetail:
    """How the step that began last stands now: for steps that wait for something."""

    detail: str


@dataclass(frozen=True)
class TaskStarted:
    """An Ansible task begins, on one host or on several."""

    task: str


@dataclass(frozen=True)
class TaskEnded:
    """An Ansible task is done on one host. Tasks that were skipped make no event."""

    host: str
    task: str
    changed: bool
    seconds: float = 0.0


@dataclass(frozen=True)
class TaskFailed:
    """An Ansible task failed on one host, or the host was lost."""

    host: str
    task: str
    message: str
    lost: bool = False


@dataclass(frozen=True)
class Notice:
    """Something that the person must read."""

    text: str


Event = StepStarted | StepDetail | StepEnded | HostStarted | HostEnded | VipMoved | TaskStarted | TaskEnded | TaskFailed | Notice
OnEvent = Callable[[Event], None]


def as_record(event: Event) -> dict[str, Any]:
    """One event as plain values: its kind as `event` (step-started, task-ended, vip-moved ...), then its fields by their names.

    >>> as_record(Notice("read this"))
    {'event': 'note', 'text': 'read this'}
    """
    kind = "note" if isinstance(event, Notice) else re.sub(r"(?<!^)(?=[A-Z])", "-", type(event).__name__).lower()
    return {"event": kind, **asdict(event)}
