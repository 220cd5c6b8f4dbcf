"""Progress of a playbook on standard error: a live block on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from twinkeel.cli.apply_progress import ApplyProgress
from twinkeel.kubespray.command import Invocation
from twinkeel.kubespray.events import Event, HostResult, PlayBegan
from twinkeel.kubespray.progress import Progress
from twinkeel.kubespray.redact import redact
from twinkeel.support.events import OnEvent

COUNTED = ("ok", "changed", "skipped", "ignored", "failed", "unreachable")
MOST_HOSTS = 20
REDRAW = 100_000_000  # Nanoseconds.


class PlaybookProgress:
    """Shows a run as it goes. Use it as a context manager."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)
        self._live: Live | None = None
        self._drawn = 0

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._live is not None:
            self._live.stop()

    def announce(self, invocation: Invocation) -> None:
        """A playbook begins."""
        self._console.print(f"[bold]{escape(invocation.playbook)}[/]")

    def show(self, event: Event, state: Progress) -> None:
        """One event, and the state after it. A play and a failure get a line of their own that stays."""
        now = time.monotonic_ns()
        if state.got_over is not None:
            self._console.print(f"  {escape(state.got_over.host)} goes on: the failure of {escape(state.got_over.task)} is ignored")
        match event:
            case PlayBegan(name):
                self._console.print(f"{clock(state.elapsed(now))} [{state.tasks} tasks] {escape(name)}")
            case HostResult(host, task, outcome, message) if message:
                first = redact(message).splitlines()[0][:300]
                self._console.print(f"  [red]{outcome}[/] {escape(host)}: {escape(task)}: {escape(first)}")
        if self._live is not None and now - self._drawn > REDRAW:
            self._drawn = now
            self._live.update(_block(state, now), refresh=True)

    def summary(self, state: Progress) -> None:
        """What came out of one playbook: per host, and where the time went."""
        for line in hosts_lines(state):
            self._console.print(escape(line))
        for seconds, name in state.slowest():
            self._console.print(f"  {seconds:7.1f} s  {escape(name)}")


class KubesprayView:
    """How a whole procedure is shown: its applies, and its playbooks."""

    @contextmanager
    def applying(self) -> Iterator[OnEvent]:
        """See `twinkeel.app.kubespray.View`."""
        with ApplyProgress() as progress:
            yield progress.show

    def playing(self) -> PlaybookProgress:
        """See `twinkeel.app.kubespray.View`."""
        return PlaybookProgress()


def clock(seconds: float) -> str:
    """Elapsed time as 1:02:03."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def hosts_lines(state: Progress) -> list[str]:
    """A line for each host with its results counted; hosts beyond the first twenty as one line."""
    shown = list(state.hosts.items())[:MOST_HOSTS]
    width = max((len(host) for host, _ in shown), default=0)
    lines = [
        f"  {host:{width}}  " + "  ".join(f"{name} {counts[name]}" for name in COUNTED if counts[name]) for host, counts in shown
    ]
    rest = len(state.hosts) - len(shown)
    return [*lines, f"  and {rest} more hosts"] if rest else lines


def _block(state: Progress, now: int) -> Text:
    head = f"{clock(state.elapsed(now))}  task {state.tasks}: {state.task}"
    return Text("\n".join([f"{state.play}", head, *hosts_lines(state)]), no_wrap=True, overflow="ellipsis")
