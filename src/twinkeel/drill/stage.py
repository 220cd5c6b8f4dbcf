"""One trial of a drill under way: the client, the fault, and what is recorded of both."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

from twinkeel.drill.active_fault import remove_active_fault, write_active_fault
from twinkeel.drill.checker import BASELINE, SERVED_WITHIN, STABLE
from twinkeel.drill.drill import HEALTH_EVERY, RECOVERY_DEADLINE, Drill
from twinkeel.drill.fault import Fault, Scene
from twinkeel.drill.history import SECOND, Event, HistoryWriter
from twinkeel.drill.kubectl import Kubectl
from twinkeel.drill.measure import Measurement
from twinkeel.drill.observe import Observers
from twinkeel.drill.observe_nodes import NodeObserver
from twinkeel.errors import HostError, TwinkeelError, VerificationError
from twinkeel.hosts.executor import Writer
from twinkeel.status.snapshot import Snapshot

BASELINE_SECONDS = (BASELINE + SERVED_WITHIN) / SECOND + 0.25
STABLE_SECONDS = STABLE / SECOND + 0.1
BASELINE_DEADLINE = 20.0
WATCH_DEADLINE = 15.0
STREAMS_DEADLINE = 3.0  # A stream that was not answered before the fault is not measured; no trial fails for that.
HEALTH_DEADLINE = 300.0  # A real machine's firmware alone can take two minutes.
POLL_EVERY = 0.1
REPORT_EVERY = 5.0

REFUSALS = ("http-401", "http-403")
REFUSED = "the API refuses this request: is admin.conf's user an administrator? --ask readyz asks what everybody may"


class Stage:
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
