"""The part of `rendered_files` that runs beside the playbook: it finds each file's content and hands it to the module."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """Turn `src` (a file below the playbook's `files` folder) or `text` (what a variable holds) into `content`.

    A line `@@KEY@@` of a file stands for the line of that key in the variable `secret_lines`.
    """

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send the files' contents with the module's other arguments."""
        arguments = dict(self._task.args)
        secrets = (task_vars or {}).get("secret_lines", {})
        arguments["files"] = [self._with_content(given, secrets) for given in arguments.get("files", [])]
        result: dict[str, Any] = super().run(tmp, task_vars)
        result.update(self._execute_module("rendered_files", arguments, task_vars=task_vars))
        return result

    def _with_content(self, given: dict[str, Any], secrets: dict[str, str]) -> dict[str, Any]:
        text = given.get("text")
        if text is None:
            text = filled(Path(self._find_needle("files", given["src"])).read_bytes().decode(), given["src"], secrets)
        rest = {key: value for key, value in given.items() if key not in ("src", "text")}
        return dict(rest, content=base64.b64encode(text.encode()).decode())


def filled(text: str, source: str, secrets: dict[str, str]) -> str:
    """A file's text with the lines that were taken out of it."""

    def line_of(found: re.Match[str]) -> str:
        if found[1] not in secrets:
            raise AnsibleActionFail(f"{source} needs the line `{found[1]}`, which group_vars/load_balancers/secrets.yaml lacks")
        return str(secrets[found[1]])

    return re.sub("^@@([a-z0-9_]+)@@$", line_of, text, flags=re.MULTILINE)
