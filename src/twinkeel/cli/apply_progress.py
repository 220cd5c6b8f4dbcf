"""Progress of an apply on standard error: a live line on a terminal, plain lines elsewhere."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from twinkeel.apply.events import Event, Note, StepEnded, StepStarted, TaskEnded, TaskFailed, TaskStarted


class ApplyProgress:
    """Shows events as they come. Use it as a context manager."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self._status: Status | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._status = self._console.status("")
            self._status.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._status is not None:
            self._status.stop()

    def show(self, event: Event) -> None:
        """One event. A step's title is a plain line only where no live line shows it."""
        match event:
            case StepStarted(title):
                self._now(title)
                if self._status is None:
                    self._say(f"{title} ...")
            case TaskStarted(task):
                self._now(task)
            case TaskEnded(host, task, changed) if changed:
                self._say(f"    [yellow]changed[/] {escape(host)}: {escape(task)}")
            case TaskFailed(host, task, message):
                self._say(f"    [red]failed[/]  {escape(host)}: {escape(task)}: {escape(message.splitlines()[0])}")
            case StepEnded(title, detail, seconds):
                self._say(f"  [green]done[/] {escape(title)}: {escape(detail)} ({seconds:.1f} s)")
            case Note(text):
                self._say(f"[bold yellow]NOTE[/] {escape(text)}")

    def _now(self, text: str) -> None:
        if self._status is not None:
            self._status.update(escape(text))

    def _say(self, text: str) -> None:
        self._console.print(text)
