"""SSH connections that are made while Ansible starts: its first task on each host finds one, and needs none of its own."""

import shlex
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from twinkeel.rollout.write_project import SSH_ARGS, ssh_access
from twinkeel.topology.model import Machine

CONTROL_PATH = "%C"
"""A socket's name in its folder: ssh makes it of host, port and user, for Ansible as for us."""


@contextmanager
def connected_early(machines: Sequence[Machine], sockets: Path) -> Iterator[None]:
    """Begin a connection to each host; it is there for the body when it is ready.

    Nobody waits for one, and nothing is said of one that fails: Ansible makes its own then, and tells what is wrong.
    """
    making = [start_quietly(early_argv(machine, sockets)) for machine in machines]
    try:
        yield
    finally:
        for process in making:
            process.terminate()
            process.wait()


def early_argv(machine: Machine, sockets: Path) -> list[str]:
    """The command that makes a host's connection and leaves it in the background, with the options that Ansible has."""
    access = ssh_access(machine)
    # Port 0 and no user leave the choice to ssh.
    named = {
        "Port": access["ansible_port"],
        "User": access["ansible_user"],
        "IdentityFile": access.get("ansible_ssh_private_key_file"),
        "ControlPath": sockets / CONTROL_PATH,
    }
    options = [word for name, value in named.items() if value for word in ("-o", f'{name}="{value}"')]
    more = (*shlex.split(SSH_ARGS), *shlex.split(access["ansible_ssh_common_args"]))
    return ["ssh", "-fN", *more, "-o", "PreferredAuthentications=publickey", *options, access["ansible_host"]]


def start_quietly(argv: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a program that hears and says nothing."""
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
