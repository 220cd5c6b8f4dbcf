"""What a drill is asked for: faults, trials, and the system that they are for."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from twinkeel.drill.access import Access
from twinkeel.drill.fault import Fault, OpenHosts
from twinkeel.drill.https import Target
from twinkeel.drill.streams import PERIOD
from twinkeel.hosts.executor import Reader
from twinkeel.hosts.lock import cluster_lock
from twinkeel.status.probe import take_snapshot
from twinkeel.status.snapshot import Snapshot
from twinkeel.topology.model import Topology

RECOVERY_DEADLINE = 60.0
HEALTH_EVERY = 1.0

OnMessage = Callable[[str], None]
ReadStatus = Callable[[Reader, Topology], Awaitable[Snapshot]]


@dataclass(frozen=True)
class Drill:
    """What to do, and on what.

    `folder` gets one folder a trial, `notes` the note of the fault in force; `say` gets a line for each thing that happens.
    `look` tells whether the system is whole: another configuration than ours has not the files that ours is known by.
    `recovery` is how long a fault may keep clients from being served, `settle_timeout` how long a system may take to be whole
    before a trial, and `settle` how long it must have been whole with the virtual IP in one place by then, all in seconds.
    `access` is for the streams that need credentials, `kubectl` the program to run beside the client, if any; `left_out` names what
    is not measured, and why. `period` is the time between two new connections, in nanoseconds. `command` is what the cluster's lock
    says; with `held` the caller has that lock already.
    """

    topology: Topology
    hosts: OpenHosts
    target: Target
    faults: tuple[Fault, ...]
    trials: int
    folder: Path
    notes: Path
    on_message: OnMessage
    read_status: ReadStatus = take_snapshot
    recovery: float = RECOVERY_DEADLINE
    settle_timeout: float = 0.0
    settle: float = 0.0
    access: Access | None = None
    kubectl: str = ""
    left_out: tuple[str, ...] = ()
    period: int = PERIOD
    command: str = "twinkeel drill run"
    break_lock: bool = False
    held: bool = False

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Nobody else changes these load balancers while the body runs: a fault could hit an apply in the middle.

        Raises:
            LockedError: another run works on them.
        """
        machines = [balancer.machine for balancer in self.topology.load_balancers]
        async with (
            self.hosts() as hosts,
            cluster_lock(hosts, machines, self.command, self.on_message, break_lock=self.break_lock, held=self.held),
        ):
            yield
