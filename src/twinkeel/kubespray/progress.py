"""The state of a run, event by event, in memory that does not grow with the number of events."""

import heapq
from collections import Counter
from dataclasses import dataclass, field

from twinkeel.kubespray.events import Event, HostResult, PlayBegan, RunEnded, TaskBegan

SLOWEST = 5


@dataclass
class Progress:
    """Play, task, how many tasks began, results per host, and the slowest tasks. Times are monotonic nanoseconds.

    `got_over` is the failure that the last event proved to be ignored or rescued, else None: the host went on to another task. It
    is counted as `ignored` from then on.
    """

    began: int
    play: str = ""
    task: str = ""
    tasks: int = 0
    hosts: dict[str, Counter[str]] = field(default_factory=dict)
    ended: RunEnded | None = None
    got_over: HostResult | None = None
    _pending: dict[str, HostResult] = field(default_factory=dict)
    _slowest: list[tuple[int, int, str]] = field(default_factory=list)
    _task_began: int = 0

    def take(self, event: Event, now: int) -> None:
        """One event, received at `now`."""
        self.got_over = None
        match event:
            case PlayBegan(name):
                self._close_task(now)
                self.play = name
            case TaskBegan(name):
                self._close_task(now)
                self.task, self._task_began = name, now
                self.tasks += 1
            case HostResult(host, _, outcome):
                self.hosts.setdefault(host, Counter())[outcome] += 1
                self._take_result(event)
            case RunEnded():
                self._close_task(now)
                self.ended = event

    def failures(self) -> list[HostResult]:
        """The failures that ended a host's part, first one first. Those that were ignored or rescued are not among them."""
        if self.ended is None:
            return list(self._pending.values())
        lost = {*self.ended.failed, *self.ended.unreachable}
        return [failure for host, failure in self._pending.items() if host in lost]

    def slowest(self) -> list[tuple[float, str]]:
        """Seconds and name of the slowest tasks, slowest first."""
        return [(duration / 1e9, name) for duration, _, name in sorted(self._slowest, reverse=True)]

    def elapsed(self, now: int) -> float:
        """Seconds since the run began."""
        return (now - self.began) / 1e9

    def _take_result(self, result: HostResult) -> None:
        # The stream does not say that a failure is ignored; but a host that failed for good does no other task.
        earlier = self._pending.get(result.host)
        if earlier is not None and earlier.task != result.task:
            self._get_over(self._pending.pop(result.host))
        if result.outcome in ("failed", "unreachable"):
            self._pending.setdefault(result.host, result)

    def _get_over(self, failure: HostResult) -> None:
        self.got_over = failure
        counts = self.hosts[failure.host]
        counts[failure.outcome] -= 1
        counts["ignored"] += 1

    def _close_task(self, now: int) -> None:
        if not self._task_began:
            return
        entry = (now - self._task_began, self.tasks, self.task)
        self._task_began = 0
        if len(self._slowest) < SLOWEST:
            heapq.heappush(self._slowest, entry)
        else:
            heapq.heappushpop(self._slowest, entry)
