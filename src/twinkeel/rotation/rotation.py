"""Which API servers HAProxy sends clients to, asked and changed on a load balancer through HAProxy's runtime socket."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from twinkeel.errors import HostError
from twinkeel.hosts.executor import CommandResult, Reader, Writer
from twinkeel.hosts.host_program import HAPROXY_SOCKET, host_program
from twinkeel.hosts.understand import understand
from twinkeel.render.haproxy import DRAINED_FILE
from twinkeel.status.backends import BACKEND, SOCKET
from twinkeel.topology.model import Machine, Topology

State = Literal["ready", "drain", "maint"]

SERVER_STATE = host_program("twinkeel.rotation.host_programs.server_state", HAPROXY_SOCKET)
HINT = "is haproxy running there? `twinkeel status` shows it; `twinkeel apply` puts it right"


@dataclass(frozen=True)
class Rotation:
    """One API server on one load balancer.

    `state` is what HAProxy does now, `kept` what it will do after its next start or reload. `health` is HAProxy's own word (UP,
    DOWN, MAINT, ...). `connections` are established ones, whichever HAProxy process holds them; `sessions` those of the newest.
    """

    state: State
    kept: State
    health: str
    sessions: int
    connections: int

    @property
    def up(self) -> bool:
        """Whether clients are sent to it."""
        return self.health.startswith("UP")

    @property
    def in_use(self) -> int:
        """How many clients' connections it has."""
        return max(self.sessions, self.connections)


async def read_rotation(reader: Reader, topology: Topology, balancer: Machine) -> Mapping[str, Rotation]:
    """Every API server that HAProxy on this load balancer knows, by short name.

    Raises:
        HostError: the host cannot be asked, or HAProxy does not answer there.
    """
    return _parsed(balancer, await reader.run(balancer, _program(topology)))


async def set_rotation(
    writer: Writer, topology: Topology, balancer: Machine, states: Mapping[str, State], *, end_sessions: Sequence[str] = ()
) -> Mapping[str, Rotation]:
    """Set API servers' states on one load balancer, keep them over reloads and restarts, and read back what is.

    Args:
        end_sessions: servers whose sessions are ended at once.

    Raises:
        HostError: the host cannot be asked, HAProxy refuses, or it does not do what it was told.
    """
    seen = _parsed(balancer, await writer.change(balancer, _program(topology, states, end_sessions)))
    for server, state in states.items():
        found = seen.get(server)
        if found is None or (found.state, found.kept) != (state, state):
            raise HostError(f"HAProxy did not take {server} to `{state}`", where=balancer.name, hint=HINT)
    return seen


def _program(topology: Topology, states: Mapping[str, State] | None = None, end_sessions: Sequence[str] = ()) -> list[str]:
    asked = {
        "socket": SOCKET,
        "backend": BACKEND,
        "file": DRAINED_FILE,
        "addresses": {machine.name: [str(machine.address), topology.cluster.api_port] for machine in topology.control_plane},
        "set": dict(states or {}),
        "kill": list(end_sessions),
    }
    return ["python3", "-c", SERVER_STATE, json.dumps(asked)]


def _parsed(balancer: Machine, result: CommandResult) -> Mapping[str, Rotation]:
    if result.exit_code != 0:
        lines = result.stderr.strip().splitlines() or ["no reason given"]
        raise HostError(lines[-1], where=balancer.name, hint=HINT)
    return understand(_rotations, result.stdout, balancer.name)


def _rotations(text: str) -> Mapping[str, Rotation]:
    seen: dict[str, dict[str, Any]] = json.loads(text)
    return {name: Rotation(**values) for name, values in seen.items()}
