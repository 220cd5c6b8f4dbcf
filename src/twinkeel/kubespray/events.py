"""What Ansible says while it works, one JSON object a line (ansible.posix.jsonl), as typed values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Outcome = Literal["ok", "changed", "skipped", "failed", "unreachable"]

_TASK_STARTS = ("v2_playbook_on_task_start", "v2_playbook_on_handler_task_start", "v2_runner_on_start")
_RESULTS: Mapping[str, Outcome] = {
    "v2_runner_on_ok": "ok",
    "v2_runner_on_skipped": "skipped",
    "v2_runner_on_failed": "failed",
    "v2_runner_on_unreachable": "unreachable",
}
LONGEST_MESSAGE = 4000
HIDDEN_BY_THE_RELEASE = "Kubespray hides what this task says; behind the command, -- -e unsafe_show_logs=true shows it"


@dataclass(frozen=True)
class PlayBegan:
    """A play begins."""

    name: str


@dataclass(frozen=True)
class TaskBegan:
    """A task begins on one host or on several."""

    name: str
    path: str


@dataclass(frozen=True)
class HostResult:
    """How a task ended on one host. `message` is there for failures only; they may be ignored or rescued later."""

    host: str
    task: str
    outcome: Outcome
    message: str = ""


@dataclass(frozen=True)
class RunEnded:
    """Ansible's own count at the end: the hosts that failed, and those that were lost."""

    failed: tuple[str, ...]
    unreachable: tuple[str, ...]


Event = PlayBegan | TaskBegan | HostResult | RunEnded


def parse_event(line: str) -> Event | None:
    """The event in one line; None for other output, for a line that was cut, and for events that say nothing here."""
    if not line.startswith("{"):
        return None
    try:
        found = json.loads(line)
        kind = found["_event"]
        if kind in _RESULTS:
            return _result(kind, found)
        if kind in _TASK_STARTS:
            return TaskBegan(str(found["task"]["name"]), str(found["task"].get("path", "")))
        if kind == "v2_playbook_on_play_start":
            return PlayBegan(str(found["play"]["name"]))
        if kind == "v2_playbook_on_stats":
            return _stats(found["stats"])
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
        return None
    return None


def _result(kind: str, found: Mapping[str, Any]) -> HostResult:
    host, result = next(iter(found["hosts"].items()))
    outcome = _RESULTS[kind]
    if outcome == "ok" and result.get("changed"):
        outcome = "changed"
    message = failure_message(result) if outcome in ("failed", "unreachable") else ""
    return HostResult(host, str(found["task"]["name"]), outcome, message)


def failure_message(result: Mapping[str, Any]) -> str:
    """The part of a failed task's result that tells a person why; that of the item that failed, when the task is a loop."""
    if "censored" in result:
        return HIDDEN_BY_THE_RELEASE
    items = [item for item in result.get("results", ()) if isinstance(item, Mapping) and item.get("failed")]
    if items:
        return failure_message(items[-1])
    parts = [str(result.get(key, "")).strip() for key in ("msg", "stderr", "module_stderr", "stdout" if result.get("rc") else "")]
    messages: list[str] = []
    for part in parts:
        if part and not any(part in known for known in messages):
            messages.append(part)
    return "\n".join(messages)[:LONGEST_MESSAGE] or "it failed without a message"


def _stats(stats: Mapping[str, Mapping[str, int]]) -> RunEnded:
    return RunEnded(
        tuple(sorted(host for host, counts in stats.items() if counts.get("failures"))),
        tuple(sorted(host for host, counts in stats.items() if counts.get("unreachable"))),
    )
