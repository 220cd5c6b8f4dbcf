"""What happens during an apply, as values that a caller shows as it likes."""

from collections.abc import Callable
from dataclasses import dataclass


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
class TaskStarted:
    """An Ansible task begins, on one host or on several."""

    task: str


@dataclass(frozen=True)
class TaskEnded:
    """An Ansible task is done on one host. Tasks that were skipped make no event."""

    host: str
    task: str
    changed: bool


@dataclass(frozen=True)
class TaskFailed:
    """An Ansible task failed on one host, or the host was lost."""

    host: str
    task: str
    message: str


@dataclass(frozen=True)
class Note:
    """Something that the person must read."""

    text: str


Event = StepStarted | StepEnded | TaskStarted | TaskEnded | TaskFailed | Note
OnEvent = Callable[[Event], None]
