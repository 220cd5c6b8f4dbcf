"""The work on the load balancers: all are validated, then one group after the other gets its files, standby first.

Between two groups the API is asked through every virtual IP. Whatever goes wrong on a host, that host gets its last good files
back and the run stops.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from twinkeel.errors import HostError, TwinkeelError, VerificationError
from twinkeel.hosts.executor import Writer
from twinkeel.plan.model import HostPlan, Plan
from twinkeel.render.systemd import LINGER_PROGRAM
from twinkeel.rollout.run_playbook import run_playbook
from twinkeel.rollout.stepped_playbook import SteppedPlaybook
from twinkeel.status.holders import read_addresses
from twinkeel.status.readyz import ask_readyz, tls_context
from twinkeel.support.events import HostEnded, HostStarted, Notice, OnEvent, Outcome, TaskFailed
from twinkeel.topology.model import LoadBalancer, Machine, Topology
from twinkeel.vip.balancer_state import BalancerState, observe
from twinkeel.vip.choose_backend import vip_backend
from twinkeel.vip.compatibility import incompatible_now
from twinkeel.vip.handover import move_away, wait_answers
from twinkeel.vip.lend_linger import lend_linger, take_back_linger
from twinkeel.vip.standby import StillInStandbyError, all_leave_standby, enter_standby, leave_standby
from twinkeel.vip.verify_endpoint import verify_endpoint
from twinkeel.vip.withdraw import announce_vips, withdraw_vips

ROLLOUT, UNDO = "rollout.yml", "undo.yml"
STOP_TASK = "Stop here"
VERIFY_DEADLINE = 20.0
SOON = 30.0  # Seconds. A virtual IP that fails back sooner could come back to a load balancer that is being worked on.


@dataclass
class Rollout:
    """One run: its plan, what was found, and what was done so far.

    `folder` holds the Ansible project in `project`; `ca` is the cluster's authority, None before there is one. Load balancers in
    `held_in_standby` stay on standby until the holder of a virtual IP knows them. Where the API was down before (`serves` is False)
    nobody is undone because it still is; nor before a holder was worked on that sends clients nowhere (`_serving_nobody`).
    Tasks with one of `skip_tags` have nothing to do in this run.
    """

    topology: Topology
    writer: Writer
    plan: Plan
    ca: str | None
    observed: Mapping[str, BalancerState]
    folder: Path
    log: Path
    on_event: OnEvent
    serves: bool = True
    held_in_standby: set[str] = field(default_factory=set)
    skip_tags: Sequence[str] = ()
    _answered_before: set[str] | None = None
    _verified: set[str] = field(default_factory=set)
    _linger_lent: set[str] = field(default_factory=set)
    _serving_nobody: set[str] = field(init=False)
    _playbook: SteppedPlaybook = field(init=False)

    def __post_init__(self) -> None:
        self._serving_nobody = {name for name, each in self.observed.items() if each.holds and each.serves_nobody}

    @property
    def ca_to_ask_with(self) -> str | None:
        """The authority with which the API is asked between two groups; None when it need not answer yet."""
        return self.ca if self.serves and not self._serving_nobody else None

    @property
    def _exclusive(self) -> bool:
        """Whether one load balancer alone holds a virtual IP; otherwise all announce it."""
        return vip_backend(self.topology).exclusive

    @property
    def balancers(self) -> dict[str, LoadBalancer]:
        """By short name, in the spec's order."""
        return {balancer.machine.name: balancer for balancer in self.topology.load_balancers}

    @property
    def plans(self) -> dict[str, HostPlan]:
        """What each one needs, by short name."""
        return {host.name: host for host in self.plan.hosts}

    @asynccontextmanager
    async def prepared(self, kept: AbstractAsyncContextManager[None]) -> AsyncIterator[None]:
        """Install packages, validate every candidate, keep a generation; in the body `run` may begin.

        Ansible starts while the API is asked and `kept` is entered; its first task waits. `kept` is left when all are prepared.

        Raises:
            HostError: a candidate is refused, or a host failed or changed meanwhile; no file was replaced anywhere.
            ToolError: Ansible itself failed.
        """
        sizes = [len(group) for group in self.plan.groups]
        machines = [self.balancers[host.name].machine for host in self.plan.hosts]
        options = {"skip_tags": self.skip_tags, "connect": machines, "group_sizes": sizes}
        async with SteppedPlaybook(self.folder, self.log, self.on_event, ROLLOUT, **options) as self._playbook:
            self._answered_before = await self._answering(self.balancers.values())
            async with kept:
                await self._reach_turn()
                await self._playbook.go()
                await self._reach_turn()
            yield

    async def _reach_turn(self) -> None:
        ended = await self._playbook.reach_turn()
        if ended is not None and ended.error is not None:
            raise ended.error

    async def run(self) -> None:
        """Work on one group after the other.

        Raises:
            HostError, VerificationError: a host did not come out as it must and was put back; later groups were not touched.
        """
        if self._answered_before is None:
            self._answered_before = await self._answering(self.balancers.values())
        try:
            for group in self.plan.groups:
                await self._work_on(group)
        except BaseException:
            await asyncio.shield(self._leave_compatible_standby())
            raise
        await all_leave_standby(self.writer, (self.balancers[name].machine for name in self.held_in_standby))

    async def _leave_compatible_standby(self) -> None:
        """After a failure: who is in standby and hears the holder may hold virtual IPs again; the others wait for the next run."""
        if not self.held_in_standby:
            return
        try:
            observed = await observe(self.writer, self.topology)
        except HostError:
            observed = {}
        backend = vip_backend(self.topology)
        incompatible = {
            name
            for name in self.held_in_standby
            if name not in observed or incompatible_now(backend, self.balancers[name], observed[name], observed)
        }
        try:
            await all_leave_standby(self.writer, (self.balancers[name].machine for name in self.held_in_standby - incompatible))
        except StillInStandbyError as error:
            # The failure that brought us here is what the run ends with.
            self.on_event(Notice(str(error)))
        for name in sorted(incompatible):
            self.on_event(Notice(f"{name} stays in standby until the next apply: the virtual IP's holder does not know it yet."))

    async def _work_on(self, group: Sequence[str]) -> None:
        began = time.monotonic_ns()
        self._serving_nobody.difference_update(group)
        for name in group:
            replaced = tuple(change.path for change in self.plans[name].replaced)
            self.on_event(HostStarted(name, self._work_in_words(name), replaced))
        kept_in_standby = await self._release_vips(group)
        try:
            await self._playbook.go()
            ended = await self._playbook.reach_turn()
            failures = ended.failures if ended is not None else ()
            self._end_hosts(group, failures, began)
            if ended is not None and ended.error is not None:
                raise await self._with_state_of_hosts(ended.error, failures)
            await self._verify_group(group, kept_in_standby, began)
        finally:
            await all_leave_standby(self.writer, (self.balancers[name].machine for name in kept_in_standby))
        self._verified.update(group)
        for name in self._linger_lent & set(group):
            await take_back_linger(self.writer, self.balancers[name])

    def _has_work(self, name: str) -> bool:
        return self.plans[name].has_changes

    def _work_in_words(self, name: str) -> str:
        actions = [f"{action} {unit}" for unit, action in self.plans[name].needed_actions.items()]
        return ", ".join(actions) if self._has_work(name) else "nothing to change"

    async def _release_vips(self, group: Sequence[str]) -> tuple[str, ...]:
        """Before the work: who must not hold a virtual IP enters standby. Returns who leaves it after the work."""
        kept: list[str] = []
        for name in group:
            balancer = self.balancers[name]
            if self.plans[name].incompatible_with:
                self.held_in_standby.add(name)
                await enter_standby(self.writer, balancer.machine)
            if self._has_work(name) and await (self._move_vips_away(balancer) if self._exclusive else self._withdraw(balancer)):
                kept.append(name)
        return tuple(kept)

    async def _withdraw(self, balancer: LoadBalancer) -> bool:
        """Announce nothing here until the work is done: what announces nothing now comes with a word of ours, too, and at once."""
        held = await read_addresses(self.writer, balancer.machine)
        if len(self.balancers) == 1:
            self.on_event(Notice(f"{balancer.machine.name} is the only load balancer: it is worked on while it serves."))
            return False
        if any(vip.ip in held for vip in self.topology.endpoint.vips):
            await withdraw_vips(self.writer, self.topology, balancer, self.ca_to_ask_with, self.on_event)
        else:
            await enter_standby(self.writer, balancer.machine)
        return True

    async def _announce_again(self, group: Sequence[str]) -> None:
        """Announce again before the next group withdraws: never a moment in which nobody does.

        Where the API is down none announces, whatever its files are.
        """
        if self.ca is not None and not self.serves:
            await all_leave_standby(self.writer, (self.balancers[name].machine for name in group))
            return
        await asyncio.gather(*(announce_vips(self.writer, self.topology, self.balancers[name]) for name in group))

    async def _move_vips_away(self, balancer: LoadBalancer) -> bool:
        """Move what the load balancer holds away; whether it must stay in standby until the work is done."""
        held, deaf = await read_addresses(self.writer, balancer.machine), self._hears_nobody_meanwhile(balancer.machine.name)
        if not any(vip.ip in held for vip in self.topology.endpoint.vips):
            if deaf:
                await enter_standby(self.writer, balancer.machine)
            return deaf
        if len(self.balancers) == 1:
            self.on_event(Notice(f"{balancer.machine.name} is the only load balancer: it is worked on while it serves."))
            return False
        successor = self._find_successor(balancer)
        handover = self.observed[balancer.machine.name].handover
        if self._has_nothing_to_linger_with(balancer.machine.name):
            await lend_linger(self.writer, self.topology, balancer)
            self._linger_lent.add(balancer.machine.name)
        await move_away(self.writer, self.topology, balancer, handover, self.ca_to_ask_with, self.on_event, successor)
        if handover == "stop":
            return False
        if handover == "standby" and successor is not None:
            # It would not hear its successor either, take the virtual IP a second time, and clients would keep its address.
            self.held_in_standby.add(balancer.machine.name)
            return False
        soon = any(each.failback is not None and each.failback < SOON for each in balancer.instances)
        if handover == "standby" and (soon or deaf):
            return True
        # At once, so that it can take over should the other one fail now: nothing comes back to it by itself.
        await leave_standby(self.writer, balancer.machine, handover)
        return False

    def _hears_nobody_meanwhile(self, name: str) -> bool:
        """Whether it would take a virtual IP that somebody holds: firewalld drops advertisements, too, while it reloads."""
        state, somebody = self.observed[name], any(each.holds for each in self.observed.values())
        return somebody and state.vip_daemon and state.handover == "standby" and "firewalld" in self.plans[name].needed_actions

    def _has_nothing_to_linger_with(self, name: str) -> bool:
        """Whether it gets with this work what keeps connections when virtual IPs move away from it."""
        return any(change.path == LINGER_PROGRAM and change.kind == "new" for change in self.plans[name].replaced)

    def _find_successor(self, leaving: LoadBalancer) -> Machine | None:
        """See that a load balancer can take over; the one to let in where all that can are in standby.

        Raises:
            VerificationError: there is none; nothing was moved.
        """
        others = [name for name in self.balancers if name != leaving.machine.name]
        ready = [name for name in others if name in self._verified or self.observed[name].may_take_over]
        if not ready:
            hint = "`twinkeel status` shows what is wrong with each"
            raise VerificationError("no other load balancer can take the virtual IP over", where=leaving.machine.name, hint=hint)
        if not all(name in self.held_in_standby for name in ready):
            return None
        self.held_in_standby.discard(ready[0])
        return self.balancers[ready[0]].machine

    async def _verify_group(self, group: Sequence[str], in_standby: Sequence[str], began: int) -> None:
        """Ask through every virtual IP, and through each host of the group that answered before; undo when they do not."""
        try:
            if not self._exclusive:
                await self._announce_again(in_standby)
            await verify_endpoint(self.writer, self.topology, self.ca_to_ask_with, deadline=VERIFY_DEADLINE)
            missing = (set(group) & (self._answered_before or set())) - await self._answering(
                self.balancers[name] for name in group
            )
            if missing:
                names = " and ".join(sorted(missing))
                raise VerificationError(f"the API no longer answers from outside through {names}", where=names)
        except VerificationError as error:
            if not any(self._has_work(name) for name in group):
                raise
            await self._playbook.stop()
            if not self._exclusive:
                await asyncio.gather(*(enter_standby(self.writer, self.balancers[name].machine) for name in in_standby))
            undone = await run_playbook(self.folder, self.log, self.on_event, UNDO, group)
            outcome: Outcome = "undone" if undone.error is None else "lost"
            for name in group:
                self.on_event(HostEnded(name, outcome, _since(began), error.what))
            ending = (
                "was put back to its last good files" if undone.error is None else f"could not be put back: {undone.error.what}"
            )
            raise VerificationError(f"{error.what}; {' and '.join(group)} {ending}", where=error.where, hint=error.hint) from error

    async def _answering(self, balancers: Iterable[LoadBalancer]) -> set[str]:
        """Load balancers whose own address leads to the API from here."""
        if self.ca_to_ask_with is None:
            return set()
        context, endpoint, wanted = tls_context(self.ca_to_ask_with), self.topology.endpoint, self.topology.cluster.anonymous_status
        machines = [balancer.machine for balancer in balancers]
        answers = await asyncio.gather(
            *(ask_readyz(str(each.address), endpoint.port, context, name=endpoint.name, wanted=wanted) for each in machines)
        )
        return {machine.name for machine, answer in zip(machines, answers, strict=True) if answer.ready}

    def _end_hosts(self, group: Sequence[str], failures: Sequence[TaskFailed], began: int) -> None:
        for name in group:
            mine = [failure for failure in failures if failure.host == name]
            outcome: Outcome = "done" if self._has_work(name) else "healthy"
            if mine:
                outcome = "lost" if any(failure.lost for failure in mine) else "failed"
            if any(failure.task == STOP_TASK for failure in mine):
                outcome = "undone"
            self.on_event(HostEnded(name, outcome, _since(began), mine[0].message if mine else ""))

    async def _with_state_of_hosts(self, error: TwinkeelError, failures: Sequence[TaskFailed]) -> HostError:
        """The first failure, with what became of the host and of the API."""
        undone = [failure.host for failure in failures if failure.task == STOP_TASK]
        lost = [failure.host for failure in failures if failure.lost]
        messages = [error.what]
        if undone:
            messages.append(f"{' and '.join(undone)} was put back to its last good files")
        if lost:
            messages.append(f"{' and '.join(lost)} was lost in the middle of the work; run `twinkeel apply` again once it is back")
        try:
            await wait_answers(self.topology, self.ca_to_ask_with, deadline=2)
            messages += ["the API answers through the virtual IP"] if self.ca_to_ask_with is not None else []
        except VerificationError as problem:
            messages.append(problem.what)
        return HostError("\n  ".join(messages), where=error.where, hint=error.hint)


def _since(began: int) -> float:
    return round((time.monotonic_ns() - began) / 1e9, 3)
