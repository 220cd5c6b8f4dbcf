"""The part of `rendered_files` that runs beside the playbook: it finds each file's content and hands it to the module."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

VARIABLE = "variable:"


class ActionModule(ActionBase):
    """Turn `src` into `content`.

    `src` is a file below the playbook's `files` folder, or `variable:NAME`. A line `@@KEY@@` of a file stands for the line of that
    key in the variable `secret_lines`.
    """

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send the files' contents with the module's other arguments."""
        arguments = dict(self._task.args)
        arguments["files"] = [self._with_content(given) for given in arguments.get("files", [])]
        result: dict[str, Any] = super().run(tmp, task_vars)
        result.update(self._execute_module("rendered_files", arguments, task_vars=task_vars))
        return result

    def _with_content(self, given: dict[str, Any]) -> dict[str, Any]:
        source = given["src"]
        if source.startswith(VARIABLE):
            text = str(self._templar.template("{{ %s }}" % source[len(VARIABLE) :]))  # noqa: UP031
        else:
            text = Path(self._find_needle("files", source)).read_bytes().decode()
            if re.search("^@@[a-z0-9_]+@@$", text, re.MULTILINE):
                text = self._filled(text, source)
        rest = {key: value for key, value in given.items() if key != "src"}
        return dict(rest, content=base64.b64encode(text.encode()).decode())

    def _filled(self, text: str, source: str) -> str:
        known = self._templar.template("{{ secret_lines | default({}) }}")

        def line_of(found: re.Match[str]) -> str:
            if found[1] not in known:
                raise AnsibleActionFail(
                    f"{source} needs the secret `{found[1]}`, which group_vars/load_balancers/secrets.yaml lacks"
                )
            return str(known[found[1]])

        return re.sub("^@@([a-z0-9_]+)@@$", line_of, text, flags=re.MULTILINE)
