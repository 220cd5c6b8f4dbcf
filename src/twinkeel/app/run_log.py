"""Where a command that changes load balancers keeps Ansible's output."""

import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from twinkeel.app.context import Context
from twinkeel.support.user_folders import state_folder


def logging(context: Context, command: str) -> Context:
    """The same context with a log of its own for this command: the caller can say where it will be."""
    return replace(context, log=new_log(command, context.topology.name))


def log_of(context: Context, command: str) -> Path:
    """The context's log; a new one where it has none."""
    return context.log or new_log(command, context.topology.name)


def new_log(command: str, cluster: str) -> Path:
    """The path of a log of this run, in the user's private state folder; the file itself is made later, mode 0600."""
    logs = state_folder() / "logs"
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    return logs / f"{command}-{cluster}-{datetime.now().astimezone():%Y%m%dT%H%M%S}-{os.getpid()}.log"
