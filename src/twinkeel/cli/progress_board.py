"""What a change of the system has come to so far: its steps and its hosts, kept from events. No clock of its own."""

from dataclasses import dataclass, field, replace
from typing import Literal

from twinkeel.support.events import (
    Event,
    HostEnded,
    HostStarted,
    StepDetail,
    StepEnded,
    StepStarted,
    TaskEnded,
    TaskFailed,
    TaskStarted,
)

State = Literal["waiting", "working", "done", "healthy", "failed", "undone", "lost", "stopped"]


@dataclass(frozen=True)
class Row:
    """A step or a host. `began` is in seconds of the caller's clock; `seconds` is how long it took, None while it goes on."""

    name: str
    state: State = "waiting"
    detail: str = ""
    began: float = 0.0
    seconds: float | None = None
    changes: int = 0

    def took(self, now: float) -> float:
        """Seconds until now, or until it ended."""
        return self.seconds if self.seconds is not None else now - self.began if self.state == "working" else 0.0


@dataclass
class Board:
    """Rows in the order in which they began; hosts that are known from the start wait at first."""

    steps: list[Row] = field(default_factory=list)
    hosts: dict[str, Row] = field(default_factory=dict)

    @property
    def hosts_done(self) -> int:
        """How many hosts are as they must be."""
        return sum(1 for row in self.hosts.values() if row.state in ("done", "healthy"))

    def take(self, event: Event, now: float) -> None:
        """One event, at `now` seconds."""
        match event:
            case StepStarted(title):
                self.steps.append(Row(title, "working", began=now))
            case StepDetail(detail) if self.steps:
                self.steps[-1] = replace(self.steps[-1], detail=detail)
            case StepEnded(title, detail, seconds):
                self._end_step(Row(title, "done", detail, now - seconds, seconds))
            case HostStarted(host, does):
                self.hosts[host] = replace(self._row(host), state="working", detail=does, began=now, seconds=None)
            case HostEnded(host, outcome, seconds, detail):
                text = detail or self._changes_of(host)
                self.hosts[host] = replace(self._row(host), state=outcome, detail=text, seconds=seconds)
            case TaskStarted(task):
                self._now(task)
            case TaskEnded(host, _, True):
                self._count(host)
            case TaskFailed(host, task, message):
                row = self._row(host)
                first = (message.splitlines() or [""])[0]
                self.hosts[host] = replace(row, state="failed", detail=f"{task}: {first}", seconds=row.took(now))

    def settle(self) -> None:
        """All went well: nothing had to be done to the hosts that still wait."""
        for name, row in self.hosts.items():
            if row.state == "waiting":
                self.hosts[name] = replace(row, state="healthy", detail="nothing to change", seconds=0.0)

    def stop(self, now: float) -> None:
        """Something ended the procedure: whatever was at work has not been finished."""
        self.steps = [
            replace(row, state="failed", seconds=now - row.began) if row.state == "working" else row for row in self.steps
        ]
        for name, row in self.hosts.items():
            if row.state == "working":
                self.hosts[name] = replace(row, state="stopped", seconds=now - row.began)

    def _end_step(self, ended: Row) -> None:
        places = [place for place, row in enumerate(self.steps) if row.name == ended.name and row.state == "working"]
        if places:
            self.steps[places[-1]] = ended
        else:
            self.steps.append(ended)

    def _now(self, task: str) -> None:
        if self.steps and self.steps[-1].state == "working":
            self.steps[-1] = replace(self.steps[-1], detail=task)
        for name, row in self.hosts.items():
            if row.state == "working":
                self.hosts[name] = replace(row, detail=task)

    def _count(self, host: str) -> None:
        row = self._row(host)
        self.hosts[host] = replace(row, changes=row.changes + 1)

    def _changes_of(self, host: str) -> str:
        changes = self._row(host).changes
        return f"{changes} changed" if changes else "nothing to change"

    def _row(self, host: str) -> Row:
        return self.hosts.get(host, Row(host))
