"""One cluster, watched: what `StatusWatcher` knows now, and what only time tells: since when, how often, what happened."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from twinkeel.hosts.executor import Watcher
from twinkeel.serve.clock import Clock
from twinkeel.serve.drift import Drift, find_drift
from twinkeel.serve.heard import ApiHeard, BalancerHeard, Claim
from twinkeel.serve.moves import Moves
from twinkeel.serve.subject import Subject
from twinkeel.serve.timeline import Timeline, differences
from twinkeel.status.readyz import Readiness
from twinkeel.status.snapshot import LoadBalancerState, Snapshot, VipState
from twinkeel.status.watcher import StatusWatcher, watch_status


@dataclass(frozen=True)
class Pace:
    """Seconds between two looks at a host, and between two searches for drift (0: never)."""

    period: float = 2.0
    drift: float = 300.0


class ClusterWatch:
    """What is known of one cluster; a `Listener`. `on_change` is called whenever something may be new; it must be quick."""

    def __init__(self, subject: Subject, hosts: Watcher, pace: Pace, clock: Clock, on_change: Callable[[], None]) -> None:
        topology, now = subject.topology, clock()
        self.subject, self.clock, self._pace, self._hosts, self._on_change = subject, clock, pace, hosts, on_change
        self.timeline = Timeline()
        self.moves = {str(vip.ip): Moves(str(vip.ip)) for vip in topology.endpoint.vips}
        self.drift: dict[str, Drift] = {}
        self.drift_at: float | None = None
        self.snapshot: Snapshot | None = None
        self.holding: dict[str, tuple[Claim, ...]] = {}
        self.balancers = {each.machine.name: BalancerHeard(each.machine.name, self.moves, now) for each in topology.load_balancers}
        self.vips = {str(vip.ip): ApiHeard(str(vip.ip)) for vip in topology.endpoint.vips}
        self.servers = {str(machine.address): ApiHeard(str(machine.address)) for machine in topology.control_plane}
        self._last_holder: dict[str, str] = {}
        self._watcher: StatusWatcher | None = None
        self._was_complete = False

    async def run(self) -> None:
        """Watch until cancelled."""
        async with watch_status(self._hosts, self.subject.topology, self._pace.period, self) as self._watcher:
            while self._pace.drift:
                self.drift = await find_drift(self.subject.topology, self._hosts, self.subject.secrets)
                self.drift_at = self.clock()
                self._on_change()
                await asyncio.sleep(self._pace.drift)
            await asyncio.Event().wait()

    def on_balancer(self, state: LoadBalancerState) -> None:
        """See `Listener`."""
        if self.balancers[state.name].take(state, self.clock()):
            self._ask_what_moved(state)
        self._on_change()

    def on_api_answer(self, address: str, answer: Readiness, began: float) -> None:
        """See `Listener`. The loop's clock is the monotonic one; a test's need not be."""
        late = asyncio.get_running_loop().time() - began
        for heard in (self.vips.get(address), self.servers.get(address)):
            if heard is not None:
                heard.take(answer, self.clock() - late)
        self._on_change()

    @property
    def polled_at(self) -> float | None:
        """When a load balancer was last heard of; None for never."""
        return max((heard.heard_at for heard in self.balancers.values() if heard.heard_at is not None), default=None)

    @property
    def turned_at(self) -> float:
        """When the slowest load balancer last answered, or was found not to."""
        return min(heard.turned_at for heard in self.balancers.values())

    @property
    def complete(self) -> bool:
        """Whether every part was asked: before that, nothing is known to have happened."""
        api = (*self.vips.values(), *self.servers.values())
        return all(heard.polls for heard in self.balancers.values()) and all(heard.asked for heard in api)

    def compose(self) -> None:
        """Bring `snapshot` and `holding` up to date, with what happened since the last time in the timeline."""
        if self._watcher is None:
            return
        snapshot = self._watcher.snapshot
        self.holding = {vip.address: self._claims(vip) for vip in snapshot.vips}
        self._take(snapshot, self.clock())

    def _claims(self, vip: VipState) -> tuple[Claim, ...]:
        claims = (self.balancers[name].claims.get(vip.address) for name in vip.holders)
        return tuple(claim for claim in claims if claim is not None)

    def _take(self, snapshot: Snapshot, now: float) -> None:
        before, self.snapshot = self.snapshot, snapshot
        if before is not None and before != snapshot and self._was_complete:
            for level, text in differences(before, snapshot, self._last_holder):
                self.timeline.add(now, level, text)
        self._was_complete = self.complete
        self._last_holder |= {vip.address: vip.holders[0] for vip in snapshot.vips if len(vip.holders) == 1}

    def _ask_what_moved(self, state: LoadBalancerState) -> None:
        for vip in state.vips:
            if self._watcher is not None and self._last_holder.get(vip, state.name) != state.name:
                self._watcher.ask_often(vip)
