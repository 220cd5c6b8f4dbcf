"""Waiting until hosts answer: a poll with a deadline, from inside the lab's network."""

import socket
import time
from collections.abc import Callable, Iterable

from twinkeel.errors import LabError
from twinkeel.lab import power
from twinkeel.lab.model import LabHost, LabLayout, LabPaths
from twinkeel.lab.namespaces import in_network
from twinkeel.lab.network import host_namespace, namespace_path

BOOT_DEADLINE = 120.0
CONNECT_TIMEOUT = 0.5
POLL = 0.05
CONSOLE_LINES = 5


def wait_for_ssh(
    paths: LabPaths,
    layout: LabLayout,
    hosts: Iterable[LabHost],
    on_ready: Callable[[LabHost], None],
    deadline: float = BOOT_DEADLINE,
) -> None:
    """Wait until sshd greets on every host; each is asked from its own namespace, so that a pulled cable does not matter.

    Args:
        on_ready: called once for each host, when it answers.
        deadline: seconds for all of them together.

    Raises:
        LabError: a host ended, or is silent at the deadline.
    """
    pending = list(hosts)
    end = time.monotonic() + deadline
    while pending:
        for host in [host for host in pending if ssh_answers(layout, host)]:
            pending.remove(host)
            on_ready(host)
        for host in pending:
            if not power.is_on(paths, layout, host):
                raise LabError(f"{host.name} ended while it booted{_console(paths, host)}", where=str(_log(paths, host)))
            if time.monotonic() > end:
                hint = f"`twinkeel lab exec {host.name} -- systemctl list-jobs` shows what it waits for"
                raise LabError(f"{host.name} does not answer within {deadline:g} s", where=str(_log(paths, host)), hint=hint)
        if pending:
            time.sleep(POLL)


def ssh_answers(layout: LabLayout, host: LabHost) -> bool:
    """Whether sshd sends its greeting, asked at the host's own address."""
    path = namespace_path(host_namespace(layout, host))
    try:
        with in_network(path), socket.create_connection((str(host.address), host.ssh_port), CONNECT_TIMEOUT) as connection:
            return connection.recv(4) == b"SSH-"
    except (OSError, LabError):
        # While a host reboots, its namespace is gone for a moment.
        return False


def _log(paths: LabPaths, host: LabHost) -> str:
    return str(paths.host(host.name) / "console.log")


def _console(paths: LabPaths, host: LabHost) -> str:
    try:
        lines = (paths.host(host.name) / "console.log").read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return ": " + " / ".join(line.strip() for line in lines[-CONSOLE_LINES:]) if lines else ""
