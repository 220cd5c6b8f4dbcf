"""HAProxy's own view of its servers, from its runtime socket."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass

from twinkeel.hosts.executor import Reader
from twinkeel.hosts.host_program import HAPROXY_SOCKET, host_program
from twinkeel.status.readyz import anonymous_refused
from twinkeel.topology.model import Machine

BACKEND = "kubernetes-api"
SERVICE_PREFIX = "service."
"""An extra service's backend has the service's name after this."""

NO_TLS = "no TLS, or a certificate of another authority or without the name kubernetes.api_check.certificate_name"
WRONG_STATUS = "L7STS/"
ANONYMOUS_REFUSED = (f"{WRONG_STATUS}401", f"{WRONG_STATUS}403")

SOCKET = "/run/haproxy/admin.sock"

SHOW_STAT = host_program("twinkeel.status.host_programs.show_stat", HAPROXY_SOCKET)


@dataclass(frozen=True)
class Backend:
    """One server as a load balancer sees it.

    `status` is HAProxy's word (UP, DOWN, MAINT, "UP 1/2" while it falls), `check` what its last health check came to in HAProxy's
    words: "L4CON" (no connection), "L7STS/503" (another status than wanted); empty where there was none.
    """

    name: str
    status: str
    check: str = ""

    @property
    def up(self) -> bool:
        """Whether it gets connections."""
        return self.status.split()[0] == "UP" if self.status else False

    @property
    def problem(self) -> str:
        """Why it gets no connections, in one line and HAProxy's words."""
        return f"{self.name} is {self.status}" + (f" (its health check: {self.check})" if self.check else "")

    @property
    def problem_of_api(self) -> str:
        """The same of an API server, whose checks we know: what a key of the spec can mend is named."""
        if self.check in ANONYMOUS_REFUSED:
            return f"{self.name} is {self.status}: {anonymous_refused(self.check.removeprefix(WRONG_STATUS))}"
        if self.check.startswith("L6"):
            return f"{self.name} is {self.status}: {NO_TLS}"
        return self.problem


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
    result = await reader.run(machine, ["python3", "-c", SHOW_STAT, SOCKET])
    return parse_servers(result.stdout) if result.exit_code == 0 else {}


def parse_servers(text: str) -> dict[str, tuple[Backend, ...]]:
    """Servers by backend out of `show stat`, which is CSV with a header that starts with `# `."""
    found: dict[str, tuple[Backend, ...]] = {}
    for row in csv.DictReader(text.removeprefix("# ").splitlines()):
        if row["svname"] not in ("FRONTEND", "BACKEND"):
            server = Backend(row["svname"], row["status"], _check(row))
            found[row["pxname"]] = (*found.get(row["pxname"], ()), server)
    return found


def _check(row: Mapping[str, str]) -> str:
    """`check_status`, which has a star while a check is under way, and `check_code`: https://docs.haproxy.org/3.0/management.html#9.1."""
    parts = (row.get("check_status", "").removeprefix("* "), row.get("check_code", ""))
    return "/".join(filter(None, parts))
