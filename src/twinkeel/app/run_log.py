"""Where a command that changes load balancers keeps Ansible's output."""

import os
from datetime import datetime
from pathlib import Path

import platformdirs


def new_log(command: str, cluster: str) -> Path:
    """The path of a log of this run, in the user's private state folder; the file itself is made later, mode 0600."""
    logs = platformdirs.user_state_path("twinkeel") / "logs"
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    return logs / f"{command}-{cluster}-{datetime.now().astimezone():%Y%m%dT%H%M%S}-{os.getpid()}.log"
