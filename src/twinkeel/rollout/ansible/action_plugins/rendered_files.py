"""The part of `rendered_files` that runs beside the playbook: it reads each `src` and sends the module with the contents.

The module is sent as one text, over Ansible's own connection, with our small helpers in place of Ansible's (see small_module.py).
"""

import base64
import json
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

# As in ansible.cfg. Isolated: nothing in the user's folder there is imported.
PYTHON = "/usr/bin/python3 -I -"
MODULE = Path(__file__).parent.parent / "sent" / "rendered_files.py"


class ActionModule(ActionBase):
    """Turn `src` (a file below the playbook's `files` folder) into `content`, and run the module on the host."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send the files' contents with the module's other arguments."""
        arguments = plain(self._task.args)
        arguments["files"] = [self._with_content(given) for given in arguments.get("files", [])]
        arguments["_ansible_check_mode"] = self._task.check_mode
        result: dict[str, Any] = super().run(tmp, task_vars)
        program = f"ARGUMENTS = {json.dumps(arguments)!a}\n{MODULE.read_text(encoding='utf-8')}"
        result.update(answer_of(self._low_level_execute_command(PYTHON, in_data=program.encode())))
        return result

    def _with_content(self, given: dict[str, Any]) -> dict[str, Any]:
        content = Path(self._find_needle("files", given["src"])).read_bytes()
        rest = {key: value for key, value in given.items() if key != "src"}
        return dict(rest, content=base64.b64encode(content).decode())


def plain(value: Any) -> Any:
    """The same without what Ansible attaches to values."""
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value


def answer_of(ended: dict[str, Any]) -> dict[str, Any]:
    """What the module says in its last line; a failure where it said nothing."""
    try:
        answer: dict[str, Any] = json.loads(ended["stdout"].strip().splitlines()[-1])
    except (IndexError, ValueError):
        errors = ended["stderr"].strip() or ended["stdout"].strip()
        return {"failed": True, "msg": f"the work on this host ended with {ended['rc']} and told nothing", "module_stderr": errors}
    return answer
