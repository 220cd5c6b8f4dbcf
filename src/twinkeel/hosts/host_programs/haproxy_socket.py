"""A part of what runs on hosts: one command to HAProxy's runtime socket.

It is put before the text of each program that imports it (see `twinkeel.hosts.host_program`), and beside Ansible's modules.
"""

from __future__ import annotations

import socket

TIMEOUT = 5.0


def ask_haproxy(path: str, command: str, timeout: float = TIMEOUT) -> str:
    """What HAProxy answers. Raises OSError where it does not, each read within `timeout` seconds."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout)
        connection.connect(path)
        connection.sendall(command.encode() + b"\n")
        with connection.makefile("rb") as answer:
            return answer.read().decode(errors="replace")
