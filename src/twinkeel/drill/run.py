"""A drill: break the system in one way, measure what a client saw, make it whole again; trial by trial.

The steps of a trial are the body of `_Stage.play`. Whatever happens after the fault was injected, the fault is healed.
Trouble of the drill itself becomes an `error` event, and thereby the verdict `unknown`: it never hides an earlier error.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from twinkeel.drill.access import Access
from twinkeel.drill.active_fault import remove_active_fault, write_active_fault
from twinkeel.drill.checker import BASELINE, SERVED_WITHIN, STABLE
from twinkeel.drill.fault import Fault, OpenHosts, Scene
from twinkeel.drill.history import EVENTS_FILE, SECOND, Event, HistoryWriter, read_history
from twinkeel.drill.https import Target
from twinkeel.drill.kubectl import Kubectl
from twinkeel.drill.measure import Measurement
from twinkeel.drill.observe import Observers
from twinkeel.drill.observe_nodes import NodeObserver
from twinkeel.drill.output import refuse_trials
from twinkeel.drill.prerequisites import require
from twinkeel.drill.streams import PERIOD
from twinkeel.drill.trial import Trial, trial_of
from twinkeel.errors import HostError, TwinkeelError, VerificationError
from twinkeel.hosts.executor import Reader, Writer
from twinkeel.hosts.lock import cluster_lock
from twinkeel.status.probe import take_snapshot
from twinkeel.status.snapshot import Snapshot
from twinkeel.topology.model import Machine, Topology

BASELINE_SECONDS = (BASELINE + SERVED_WITHIN) / SECOND + 0.25
STABLE_SECONDS = STABLE / SECOND + 0.1
BASELINE_DEADLINE = 20.0
RECOVERY_DEADLINE = 60.0
WATCH_DEADLINE = 15.0
STREAMS_DEADLINE = 3.0  # A stream that was not answered before the fault is not measured; no trial fails for that.
HEALTH_DEADLINE = 300.0  # A real machine's firmware alone can take two minutes.
POLL_EVERY = 0.1
HEALTH_EVERY = 1.0
REPORT_EVERY = 5.0

REFUSALS = ("http-401", "http-403")
REFUSED = "the API refuses this request: is admin.conf's user an administrator? --ask readyz asks what everybody may"

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
        stage = _Stage(drill, fault, number, folder, writer)
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


class _Stage:
    """One trial under way: its steps, and the record of what was done."""

    def __init__(self, drill: Drill, fault: Fault, number: int, folder: Path, writer: HistoryWriter) -> None:
        self._drill = drill
        self._fault = fault
        self._label = f"{fault.id} {number}/{drill.trials}"
        self._folder = folder
        self._writer = writer
        self._broken: Scene | None = None
        self._proved = False

    async def play(self, scene: Scene) -> None:
        """The steps. Raises TwinkeelError for trouble of the drill itself."""
        async with self._measuring(scene) as client:
            await self._wait_for_baseline(client)
            # Now, not before: a target may be chosen for the connections that the client has to it.
            scene = replace(scene, target=await self._fault.choose(scene))
            if self._fault.evidence:
                scene = replace(scene, before=await scene.read(*self._fault.evidence))
            self.on_message(f"{self._fault.title}: {scene.target.name}")
            async with self._healing(scene):
                write_active_fault(self._drill.notes, self._fault, scene)
                self._broken = scene
                self.log("fault", host=scene.target.name)
                await self._fault.inject(scene)
                self.log("injected")
                await self._hold(scene, client)
            if not self._fault.survivable:
                await self._watch_recovery(client)
            await self.wait_until_healthy()
            await self._wait_for_service(client, STABLE_SECONDS, time.monotonic_ns(), RECOVERY_DEADLINE)
            await self._wait_for_watch(client, WATCH_DEADLINE)

    @contextlib.asynccontextmanager
    async def _measuring(self, scene: Scene) -> AsyncIterator[Measurement]:
        """The client, and all that records beside it."""
        drill = self._drill
        for what in drill.left_out:
            self.log("left-out", what=what)
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(Observers(scene.topology, scene.hosts, self.log))
            if drill.access:
                await stack.enter_async_context(NodeObserver(scene.topology, drill.target, drill.access, self.log))
            client = await stack.enter_async_context(Measurement(drill.target, self._folder, drill.access, period=drill.period))
            if drill.access and drill.kubectl:
                await stack.enter_async_context(Kubectl(drill.kubectl, drill.access, self._folder))
            yield client

    async def _wait_for_baseline(self, client: Measurement) -> None:
        self.on_message("baseline")
        if not await self._wait_for_service(client, BASELINE_SECONDS, 0, BASELINE_DEADLINE):
            reason = client.last_error or "no answer"
            where, hint = self._drill.target.url, REFUSED if reason in REFUSALS else "look at `twinkeel status`"
            raise VerificationError(f"no quiet service through the virtual IP to begin with: {reason}", where=where, hint=hint)
        await self._wait_for(lambda: client.every_stream_asked, client, STREAMS_DEADLINE)
        if not await self._wait_for_watch(client, BASELINE_DEADLINE):
            hint = "is the user of admin.conf on the control-plane hosts an administrator? `twinkeel kubeconfig` verifies it"
            raise VerificationError("no watch could be established through the virtual IP", where=self._drill.target.url, hint=hint)

    async def _hold(self, scene: Scene, client: Measurement) -> None:
        """Leave the fault in force: as long as it wants at least, and until clients are served again where they can be."""
        began = time.monotonic()
        if self._fault.survivable:
            await self._watch_recovery(client)
        await asyncio.sleep(max(0.0, self._fault.hold - (time.monotonic() - began)))
        if self._fault.proof is not None:
            self._proved = await self._fault.proof(scene)

    async def _watch_recovery(self, client: Measurement) -> None:
        deadline = self._drill.recovery
        if not await self._wait_for_service(client, STABLE_SECONDS, time.monotonic_ns(), deadline):
            self.log("not-recovered", what=f"the API was not served again within {deadline:g} s")

    async def _wait_for_service(self, client: Measurement, seconds: float, since: int, deadline: float) -> bool:
        """Whether there were that many seconds of unbroken service since then, before the deadline (seconds from now)."""
        end = time.monotonic() + deadline
        while client.served_for(since) < seconds:
            if time.monotonic() > end:
                return False
            await asyncio.sleep(POLL_EVERY)
        return True

    async def _wait_for_watch(self, client: Measurement, deadline: float) -> bool:
        return await self._wait_for(lambda: client.watching, client, deadline)

    async def _wait_for(self, state: Callable[[], bool], client: Measurement, deadline: float) -> bool:
        end = time.monotonic() + deadline
        while not state():
            if time.monotonic() > end:
                return False
            # The client's file is read along with the question whether it serves.
            client.served_for()
            await asyncio.sleep(POLL_EVERY)
        return True

    @contextlib.asynccontextmanager
    async def _healing(self, scene: Scene) -> AsyncIterator[None]:
        """Heal at the end of the block, whatever ends it. Trouble with healing is recorded, and never replaces the block's own."""
        try:
            yield
        finally:
            self.on_message("healing")
            self.log("heal")
            try:
                forced = await self._fault.heal(scene)
            except TwinkeelError as error:
                self.trouble(error)
            else:
                remove_active_fault(self._drill.notes, scene.topology.name)
                if forced:
                    self.log("healed-by-force", what=forced)

    async def wait_until_healthy(self) -> None:
        """Wait until the system is healthy and the fault's trace shows; events say what came of it. Nothing broken: at once."""
        if self._broken is None:
            return
        async with self._drill.hosts() as hosts:
            seen, changed = await self._watch_until_healthy(hosts, self._broken)
        self.log("trace", changed=changed)
        self.log("holder-after", holder=",".join(seen.vips[0].holders) or "nobody")
        if seen.healthy:
            self.log("healthy")

    async def _watch_until_healthy(self, hosts: Writer, broken: Scene) -> tuple[Snapshot, bool]:
        """The last look at the system, and whether the fault left its trace.

        One look a second over connections that are kept: looking may not cost the processor time that the client needs.
        """
        begin = reported = time.monotonic()
        while True:
            seen = await self._drill.read_status(hosts, self._drill.topology)
            changed = await self._left_a_trace(hosts, broken)
            now = time.monotonic()
            # What was not proved while the fault was in force will not be proved by waiting.
            settled = changed or not self._fault.evidence
            if (seen.healthy and settled) or now - begin > HEALTH_DEADLINE:
                return seen, changed
            if now - reported > REPORT_EVERY:
                reported = now
                problems = "; ".join(seen.problems) or f"{broken.target.name} shows no trace of the fault"
                self.on_message(f"waiting for the whole system ({now - begin:.0f} s): {problems}")
            await asyncio.sleep(HEALTH_EVERY)

    async def _left_a_trace(self, hosts: Writer, broken: Scene) -> bool:
        if not self._fault.evidence:
            return self._proved
        try:
            return (await hosts.run(broken.target, self._fault.evidence)).checked().stdout.strip() != broken.before
        except HostError:
            return False

    def on_message(self, what: str) -> None:
        """Tell the person who watches."""
        self._drill.on_message(f"{self._label}: {what}")

    def log(self, name: str, **data: str | float) -> None:
        """Record an event, now."""
        self._writer.append(Event(name, time.monotonic_ns(), data))

    def trouble(self, error: TwinkeelError) -> None:
        """Record an error of the drill itself, and show it whole."""
        self.log("error", what=f"{error.what} ({error.where})" if error.where else error.what)
        self.on_message(str(error))
