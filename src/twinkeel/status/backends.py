"""HAProxy's own view of its servers, from its runtime socket."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass

from twinkeel.hosts.executor import Reader
from twinkeel.topology.model import Machine

BACKEND = "kubernetes-api"
SERVICE_PREFIX = "service."
"""An extra service's backend has the service's name after this."""

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
    """One server as a load balancer sees it; `status` is HAProxy's word (UP, DOWN, MAINT, "UP 1/2" while it falls)."""

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
    return (await read_servers(reader, machine)).get(BACKEND, ())


async def read_servers(reader: Reader, machine: Machine) -> Mapping[str, tuple[Backend, ...]]:
    """Every backend of haproxy.cfg with its servers, in the file's order; empty when HAProxy does not run.

    Raises:
        HostError: the host cannot be asked.
    """
    result = await reader.run(machine, ["python3", "-c", ASK_SOCKET, SOCKET])
    return parse_servers(result.stdout) if result.exit_code == 0 else {}


def parse_servers(text: str) -> dict[str, tuple[Backend, ...]]:
    """Servers by backend out of `show stat`, which is CSV with a header that starts with `# `."""
    found: dict[str, tuple[Backend, ...]] = {}
    for row in csv.DictReader(text.removeprefix("# ").splitlines()):
        if row["svname"] not in ("FRONTEND", "BACKEND"):
            found[row["pxname"]] = (*found.get(row["pxname"], ()), Backend(row["svname"], row["status"]))
    return found
