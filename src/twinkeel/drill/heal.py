"""Heal what a drill that was killed left broken."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from twinkeel.drill.active_fault import read_active_fault, remove_active_fault, scene_of
from twinkeel.drill.drill import ReadStatus
from twinkeel.drill.fault import OpenHosts
from twinkeel.drill.faults.registry import find_fault
from twinkeel.errors import UsageError, VerificationError
from twinkeel.hosts.lock import cluster_lock
from twinkeel.status.probe import take_snapshot
from twinkeel.topology.model import Topology

HEALTH_DEADLINE = 300.0
HEALTH_EVERY = 1.0


async def heal_what_is_left(
    topology: Topology,
    hosts: OpenHosts,
    folder: Path,
    on_message: Callable[[str], None],
    read_status: ReadStatus = take_snapshot,
    *,
    break_lock: bool = False,
) -> str:
    """The scenario that was healed and its host; empty when no drill left a note. `look` tells whether the system is whole.

    The cluster's lock is held meanwhile on every load balancer that answers: the fault may be why another one does not.

    Raises:
        LockedError: another run works on these load balancers. Nothing was done.
        UsageError: the drill is still running, or its note cannot be used.
        HostError, ToolError: it cannot be healed now. The note stays.
        VerificationError: it was healed, and the system is not healthy within five minutes.
    """
    note = read_active_fault(folder, topology.name)
    if note is None:
        return ""
    if not note.has_ended:
        hint = "wait until it ends, or end it with Ctrl-C: it heals by itself"
        raise UsageError(f"a drill of {topology.name} is under way (process {note.pid})", hint=hint)
    on_message(f"an earlier drill was killed while {note.scenario} was in force on {note.target}: healing")
    scene = scene_of(note, topology, hosts)
    machines = [balancer.machine for balancer in topology.load_balancers]
    async with (
        hosts() as locking,
        cluster_lock(locking, machines, "twinkeel drill heal", on_message, break_lock=break_lock, skip_unreachable=True),
    ):
        await find_fault(note.scenario).heal(scene)
        remove_active_fault(folder, topology.name)
        await _wait_for_health(topology, hosts, read_status)
    return f"{note.scenario} on {note.target}"


async def _wait_for_health(topology: Topology, hosts: OpenHosts, read_status: ReadStatus) -> None:
    end = time.monotonic() + HEALTH_DEADLINE
    async with hosts() as open_hosts:
        while not (seen := await read_status(open_hosts, topology)).healthy:
            if time.monotonic() > end:
                hint = "look at `twinkeel status`, then `twinkeel apply`"
                raise VerificationError(f"healed, and still not healthy: {'; '.join(seen.problems)}", hint=hint)
            await asyncio.sleep(HEALTH_EVERY)
