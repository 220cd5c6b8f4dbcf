"""The whole procedure of one request: the load balancers and the playbooks, in the safe order."""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from twinkeel.errors import UsageError
from twinkeel.kubespray.command import Action, Invocation, Request, build_commands
from twinkeel.kubespray.guards import is_backend, survivors_first, without
from twinkeel.kubespray.inventory import write_inventory
from twinkeel.kubespray.playbook import OnProgress, run_playbook
from twinkeel.kubespray.progress import Progress
from twinkeel.kubespray.release import Release
from twinkeel.topology.model import Topology

CHECKED_FIRST: tuple[Action, ...] = ("run", "scale", "upgrade", "recover")


@dataclass(frozen=True)
class Procedure:
    """What a request comes to. `before` and `after` are what the load balancers must know then; None leaves them as they are."""

    topology: Topology
    request: Request
    folder: Path
    invocations: tuple[Invocation, ...]
    check_first: bool
    before: Topology | None
    after: Topology | None


def plan(topology: Topology, release: Release, folder: Path, request: Request) -> Procedure:
    """The procedure. A backend goes before its node is removed, and comes after its node is there. Pure.

    Args:
        folder: the cluster's own folder.
    """
    if request.action == "recover":
        topology = survivors_first(topology, request.nodes)
    before = after = None
    if request.action == "remove-node" and any(is_backend(topology, node) for node in request.nodes):
        before = without(topology, request.nodes)
    served = request.action == "scale" and any(is_backend(topology, worker) for worker in request.nodes or topology.workers)
    if served or request.action in ("run", "recover"):
        after = topology
    commands = build_commands(topology, release, folder, request)
    return Procedure(topology, request, folder, commands, request.action in CHECKED_FIRST, before, after)


def describe(procedure: Procedure) -> str:
    """Every step as a person would do it by hand: comments, and commands for a shell."""
    lines = [f"# inventory: {procedure.folder / 'inventory'}"]
    if procedure.check_first:
        lines.append("# check first: the endpoint answers and resolves on every node, the cluster's networks are free there")
    if procedure.before is not None:
        gone = ", ".join(node.name for node in procedure.request.nodes if is_backend(procedure.topology, node))
        lines.append(f"# twinkeel apply, without the backends {gone}")
    lines += [invocation.text() for invocation in procedure.invocations]
    if procedure.after is not None:
        lines.append("# twinkeel apply: every backend, health checks with the cluster's certificate authority")
    return "\n".join(lines)


def run_playbooks(procedure: Procedure, log: Path, show: OnProgress, announce: Callable[[Invocation], None]) -> list[Progress]:
    """Write the inventory and run every playbook; the last state of each.

    Raises:
        UsageError: another run of this cluster is under way.
        HostError, ToolError, KeyboardInterrupt: see `twinkeel.kubespray.playbook.run_playbook`.
    """
    request = procedure.request
    with alone(procedure.folder):
        write_inventory(procedure.topology, procedure.folder, request.nodes if request.action == "recover" else ())
        states = []
        for invocation in procedure.invocations:
            announce(invocation)
            states.append(run_playbook(invocation, log, show))
        return states


def new_log(folder: Path, action: str) -> Path:
    """A log file's path of its own; its folder is private."""
    logs = folder / "logs"
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    return logs / f"{action}-{time.strftime('%Y%m%dT%H%M%S')}.log"


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One playbook at a time for a cluster on this machine; the lock ends with the process."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError("another playbook works on this cluster", where=str(folder), hint="wait for it") from None
        yield
