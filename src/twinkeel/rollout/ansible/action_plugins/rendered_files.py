"""The part of `rendered_files` that runs beside the playbook: it reads each `src` and hands the content to the module."""

import base64
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """Turn `src` (a file below the playbook's `files` folder) into `content`."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send the files' contents with the module's other arguments."""
        arguments = dict(self._task.args)
        arguments["files"] = [self._with_content(given) for given in arguments.get("files", [])]
        result: dict[str, Any] = super().run(tmp, task_vars)
        result.update(self._execute_module("rendered_files", arguments, task_vars=task_vars))
        return result

    def _with_content(self, given: dict[str, Any]) -> dict[str, Any]:
        content = Path(self._find_needle("files", given["src"])).read_bytes()
        rest = {key: value for key, value in given.items() if key != "src"}
        return dict(rest, content=base64.b64encode(content).decode())
