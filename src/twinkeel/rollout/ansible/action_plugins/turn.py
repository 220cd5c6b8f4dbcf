"""Wait until Twinkeel says that the next group of load balancers may be worked on. Runs beside the playbook, on no host."""

from __future__ import annotations

import socket
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

GO = b"go"


class ActionModule(ActionBase):
    """Connect to the Unix socket `socket` and wait for the word; anything else, or its end, stops the playbook."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Wait as long as it takes: Twinkeel has deadlines of its own, and closes the socket when it ends."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self._task.args["socket"])
            if connection.recv(len(GO)) != GO:
                raise AnsibleActionFail("Twinkeel stopped the run before this group")
        return dict(result, changed=False)
