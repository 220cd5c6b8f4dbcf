"""Progress of apply, rollback, switchover and drain: a live table on a terminal, plain lines elsewhere, or a JSON object a line.

Table and lines go to standard error and the result to standard output. With JSON, everything goes to standard output.
"""

import json
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.markup import escape

from twinkeel.cli.progress_board import Board, Row
from twinkeel.cli.progress_table import STYLES, draw
from twinkeel.errors import TwinkeelError
from twinkeel.support.events import Event, HostEnded, HostStarted, Notice, StepEnded, StepStarted, TaskEnded, TaskFailed, VipMoved
from twinkeel.support.events import as_record as event_record

# Seconds without a line after which a heartbeat says that the work goes on, where there is no live table.
SILENCE = 8.0


class ApplyProgress:
    """Shows events as they come. Use it as a context manager; give the result to `finish`.

    Args:
        title: what is done, for the table's header.
        as_json: one JSON object a line on standard output, and nothing else there.
        hosts: names of the hosts that will be worked on, as far as they are known.
        log: where the full output is kept; it is named at the end, and when something fails.
    """

    def __init__(
        self,
        title: str = "",
        *,
        as_json: bool = False,
        hosts: Sequence[str] = (),
        log: Path | None = None,
        console: Console | None = None,
    ) -> None:
        self._title, self._as_json, self._log = title, as_json, log
        self._console = console or Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)
        self._board = Board(hosts={host: Row(host) for host in hosts})
        self._began = self._spoke = time.monotonic_ns()
        self._lock, self._over = threading.Lock(), threading.Event()
        self._heart = threading.Thread(target=self._beat, daemon=True)
        self._live: Live | None = None

    def __enter__(self) -> Self:
        self._began = self._spoke = time.monotonic_ns()
        if self._as_json:
            return self
        if self._console.is_terminal:
            self._live = Live(console=self._console, get_renderable=self._drawn, refresh_per_second=8)
            self._live.start()
        else:
            self._heart.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end()
        if self._as_json and isinstance(error, TwinkeelError):
            shown = {"what": error.what, "where": error.where, "hint": error.hint, "exit_code": error.exit_code}
            self._print_json({"event": "error", **shown, **self._log_record()})
        elif self._as_json and isinstance(error, KeyboardInterrupt):
            self._print_json(
                {"event": "error", "what": "interrupted", "where": "", "hint": "", "exit_code": 130, **self._log_record()}
            )
        elif error is not None and self._log_record() and not isinstance(error, SystemExit):
            self._print_line(f"log: {escape(str(self._log))}")

    def show(self, event: Event) -> None:
        """One event, from any thread."""
        with self._lock:
            self._board.take(event, self._now())
            if self._as_json:
                self._print_json(event_record(event))
            elif self._live is None:
                self._print_event(event)
            elif isinstance(event, Notice):
                self._print_line(f"[bold yellow]NOTE[/] {escape(event.text)}")

    def finish(self, result: Any, sentence: str) -> None:
        """The result: `sentence` for a person, the fields of `result` (a dataclass or a mapping) as JSON."""
        with self._lock:
            self._board.settle()
        self._end()
        fields = asdict(result) if is_dataclass(result) and not isinstance(result, type) else dict(result)
        if self._as_json:
            self._print_json({"event": "result", **fields, **self._log_record()})
            return
        print(sentence)
        if self._log_record():
            print(f"log: {self._log}")

    def _end(self) -> None:
        self._over.set()
        if self._heart.is_alive():
            self._heart.join()
        with self._lock:
            self._board.stop(self._now())
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _drawn(self) -> RenderableType:
        return draw(self._title, self._board, self._now(), self._console.width)

    def _print_event(self, event: Event) -> None:
        match event:
            case StepStarted(title):
                self._print_line(f"{escape(title)} ...")
            case StepEnded(title, detail, seconds):
                shown = f": {escape(detail)}" if detail else ""
                self._print_line(f"  [green]done[/] {escape(title)}{shown} ({seconds:.1f} s)")
            case HostStarted(host, does):
                self._print_line(f"  {escape(host)}: {escape(does)}")
            case HostEnded(host, outcome, seconds, detail):
                shown = f": {escape(detail)}" if detail else ""
                self._print_line(f"  [{STYLES[outcome]}]{outcome}[/] {escape(host)}{shown} ({seconds:.1f} s)")
            case VipMoved(vip, source, target, seconds):
                self._print_line(f"    [yellow]moved[/] {vip} from {escape(source)} to {escape(target)} ({seconds:.2f} s)")
            case TaskEnded(host, task, changed) if changed:
                self._print_line(f"    [yellow]changed[/] {escape(host)}: {escape(task)}")
            case TaskFailed(host, task, message):
                self._print_line(f"    [red]failed[/]  {escape(host)}: {escape(task)}: {escape((message.splitlines() or [''])[0])}")
            case Notice(text):
                self._print_line(f"[bold yellow]NOTE[/] {escape(text)}")

    def _beat(self) -> None:
        while not self._over.wait(0.5):
            with self._lock:
                rows = [row for row in self._board.steps if row.state == "working"]
                if rows and time.monotonic_ns() - self._spoke > SILENCE * 1e9:
                    detail = f": {escape(rows[-1].detail)}" if rows[-1].detail else ""
                    self._print_line(f"  still {escape(rows[-1].name)}{detail} ({rows[-1].took(self._now()):.0f} s)")

    def _now(self) -> float:
        return (time.monotonic_ns() - self._began) / 1e9

    def _print_line(self, text: str) -> None:
        self._spoke = time.monotonic_ns()
        self._console.print(text)

    def _log_record(self) -> dict[str, str]:
        return {"log": str(self._log)} if self._log is not None and self._log.exists() else {}

    def _print_json(self, record: Mapping[str, Any]) -> None:
        print(json.dumps({"at": round(self._now(), 3), **record}), file=sys.stdout, flush=True)
