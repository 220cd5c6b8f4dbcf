"""HAProxy's own view of its servers, from its runtime socket."""

import csv
from dataclasses import dataclass

from twinkeel.hosts.executor import Reader
from twinkeel.topology.model import Machine

BACKEND = "kubernetes-api"
SOCKET = "/run/haproxy/admin.sock"

# Every host has Python, because Ansible needs it; socat is not everywhere.
ASK_SOCKET = """
import socket, sys
connection = socket.socket(socket.AF_UNIX)
connection.settimeout(3)
connection.connect(sys.argv[1])
connection.sendall(b"show stat\\n")
while data := connection.recv(65536):
    sys.stdout.buffer.write(data)
"""


@dataclass(frozen=True)
class Backend:
    """One API server as a load balancer sees it; `status` is HAProxy's word (UP, DOWN, MAINT, "UP 1/2" while it falls)."""

    name: str
    status: str

    @property
    def up(self) -> bool:
        """Whether it gets connections."""
        return self.status.split()[0] == "UP" if self.status else False


async def read_backends(reader: Reader, machine: Machine) -> tuple[Backend, ...]:
    """The API servers in the order of haproxy.cfg; empty when HAProxy does not run.

    Raises:
        HostError: the host cannot be asked.
    """
    result = await reader.run(machine, ["python3", "-c", ASK_SOCKET, SOCKET])
    return parse_stat(result.stdout) if result.exit_code == 0 else ()


def parse_stat(text: str) -> tuple[Backend, ...]:
    """The servers of our backend out of `show stat`, which is CSV with a header that starts with `# `."""
    rows = csv.DictReader(text.removeprefix("# ").splitlines())
    return tuple(
        Backend(row["svname"], row["status"])
        for row in rows
        if row["pxname"] == BACKEND and row["svname"] not in ("FRONTEND", "BACKEND")
    )
