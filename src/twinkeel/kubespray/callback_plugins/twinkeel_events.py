"""Ansible 2.9 tells what it does, one JSON object a line, as ansible.posix.jsonl does for Ansible of today.

It runs inside Kubespray's own Python (3.6 to 3.8). `twinkeel.kubespray.events` reads the lines.
"""

import json
import sys
from typing import Any, Dict

from ansible.parsing.ajson import AnsibleJSONEncoder
from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """The stdout callback `twinkeel_events`."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "twinkeel_events"

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """A play begins."""
        self._write("v2_playbook_on_play_start", play={"name": play.get_name()})

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """A task begins."""
        self._write("v2_playbook_on_task_start", task=_about(task))

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        """A handler begins."""
        self._write("v2_playbook_on_handler_task_start", task=_about(task))

    def v2_runner_on_ok(self, result: Any) -> None:
        """A task ended well on a host."""
        self._result("v2_runner_on_ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """A task failed on a host."""
        self._result("v2_runner_on_failed", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        """A task was left out on a host."""
        self._result("v2_runner_on_skipped", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """A host was lost."""
        self._result("v2_runner_on_unreachable", result)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Everything ended."""
        self._write("v2_playbook_on_stats", stats={host: stats.summarize(host) for host in sorted(stats.processed)})

    def _result(self, event: str, result: Any) -> None:
        task = result._task
        if task.no_log:
            data = {"censored": "hidden: no_log", "changed": result._result.get("changed", False)}
        else:
            data = json.loads(self._dump_results(result._result, indent=None, sort_keys=False))
        self._write(event, task=_about(task), hosts={result._host.get_name(): data})

    def _write(self, event: str, **facts: Any) -> None:
        line = json.dumps(dict(facts, _event=event), cls=AnsibleJSONEncoder, sort_keys=True)
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def _about(task: Any) -> Dict[str, str]:
    return {"name": task.get_name(), "path": task.get_path() or ""}
