"""A drill: break the system in one way, measure what a client saw, make it whole again; trial by trial.

The steps of a trial are the body of `twinkeel.drill.stage.Stage.play`. Whatever happens after the fault was injected, the fault is
healed. Trouble of the drill itself becomes an `error` event, and thereby the verdict `unknown`: it never hides an earlier error.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

from twinkeel.drill.drill import HEALTH_EVERY, Drill
from twinkeel.drill.fault import Fault, Scene
from twinkeel.drill.history import EVENTS_FILE, HistoryWriter, read_history
from twinkeel.drill.output import refuse_trials
from twinkeel.drill.prerequisites import require
from twinkeel.drill.stage import Stage
from twinkeel.drill.trial import Trial, trial_of
from twinkeel.errors import TwinkeelError, VerificationError
from twinkeel.topology.model import Machine


async def run_drill(drill: Drill) -> AsyncIterator[Trial]:
    """Each trial as it ends.

    Raises:
        UsageError: a scenario needs power commands that the spec does not name, or the folder holds trials already.
        LockedError: another run works on these load balancers.
        VerificationError: the system is not whole before a trial.
    """
    _refuse_what_cannot_run(drill)
    async with drill.alone():
        count = 0
        for fault in drill.faults:
            for number in range(1, drill.trials + 1):
                count += 1
                folder = drill.folder / f"{count:03d}-{fault.id}"
                holder = await require_health(drill)
                folder.mkdir(parents=True)
                yield await _run_trial(drill, fault, number, folder, holder)


def _refuse_what_cannot_run(drill: Drill) -> None:
    for fault in drill.faults:
        for prerequisite in fault.prerequisites:
            require(prerequisite, fault.id, drill.topology)
    refuse_trials(drill.folder)


async def require_health(drill: Drill) -> Machine:
    """The VIP's holder in a system that is whole.

    Raises:
        VerificationError: it is not, and did not get so in time; the message holds everything that is wrong.
    """
    end = time.monotonic() + drill.settle_timeout
    async with drill.hosts() as hosts:
        seen, since = await drill.read_status(hosts, drill.topology), time.monotonic()
        while (not seen.healthy or time.monotonic() - since < drill.settle) and time.monotonic() < end:
            await asyncio.sleep(HEALTH_EVERY)
            holders = seen.vips[0].holders
            seen = await drill.read_status(hosts, drill.topology)
            if not seen.healthy or seen.vips[0].holders != holders:
                since = time.monotonic()
    if not seen.healthy:
        hint = "a drill begins on a healthy system only: look at `twinkeel status`, then `twinkeel apply`"
        raise VerificationError(f"the system is not healthy: {'; '.join(seen.problems)}", where=drill.topology.name, hint=hint)
    return next(item.machine for item in drill.topology.load_balancers if item.machine.name in seen.vips[0].holders)


async def _run_trial(drill: Drill, fault: Fault, number: int, folder: Path, holder: Machine) -> Trial:
    with HistoryWriter(folder / EVENTS_FILE) as writer:
        stage = Stage(drill, fault, number, folder, writer)
        shared_by = len(drill.topology.load_balancers) if drill.topology.bgp else 1
        stage.log("trial", scenario=fault.id, trial=number, budget_ms=fault.budget_ms, shared_by=shared_by)
        stage.log("holder-before", holder=holder.name)
        try:
            await stage.play(Scene(drill.topology, holder, holder, drill.hosts))
        except TwinkeelError as error:
            stage.trouble(error)
            await stage.wait_until_healthy()
        except asyncio.CancelledError:
            stage.log("error", what="the drill was interrupted")
            raise
    return trial_of(read_history(folder))
