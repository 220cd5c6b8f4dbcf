"""Give a pair back to the files that it had before Twinkeel: whoever wrote them, they are not ours to judge or to steer.

Their VRRP daemon does not hear ours and follows no file of ours. So it takes the virtual IP while ours still has it, and ours lets
go in that moment; then the former holder gets its own old files.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from twinkeel.errors import TwinkeelError, VerificationError
from twinkeel.hosts.executor import Writer
from twinkeel.rollout.run_playbook import PlaybookRun, run_playbook
from twinkeel.spec.fields import IPAddress
from twinkeel.status.holders import read_addresses
from twinkeel.support.events import Notice, OnEvent
from twinkeel.topology.model import LoadBalancer, Machine, Topology
from twinkeel.vip.balancer_state import BalancerState
from twinkeel.vip.choose_backend import vip_backend
from twinkeel.vip.daemons import VRRP_DAEMON
from twinkeel.vip.handover import move_away, wait_answers, wait_moved
from twinkeel.vip.standby import enter_standby, leave_standby

KEEP, GIVE_BACK = "keep.yml", "give_back.yml"
TAKE_DEADLINE = 90.0  # Seconds. The article's advertisements come every 5 s, and its check must pass twice.
PAUSE = 0.02


@dataclass
class GiveBack:
    """One run: what was found, and what was done so far.

    `folder` holds the Ansible project in `project`; `ca` is the authority with which the API is asked, None where it need not
    answer; `number` is the generation to go back to, `kept_as` the one under which the present files are kept first.
    """

    topology: Topology
    writer: Writer
    observed: Mapping[str, BalancerState]
    ca: str | None
    number: int
    kept_as: int
    folder: Path
    log: Path
    on_event: OnEvent
    changed: dict[str, int] = field(default_factory=dict)

    async def run(self) -> None:
        """Keep what there is, then one host after the other, the holder of virtual IPs last.

        Raises:
            HostError, VerificationError: it did not work; what was begun has our files again, as far as it can be reached.
        """
        await self._run(KEEP)
        *others, last = await self._in_order()
        if not others:
            await self._bring((last,), self.number)
            await self._start(last.machine)
            return
        try:
            await self._bring(others, self.number)
            await self._hand_over(last, others[0])
        except BaseException:
            await asyncio.shield(self._take_back(others, last.machine))
            raise
        for balancer in others[1:]:
            await self._start(balancer.machine)
        await self._bring((last,), self.number)
        await self._start(last.machine)

    async def _in_order(self) -> tuple[LoadBalancer, ...]:
        """The load balancers, one that holds every virtual IP last: those that share them out give theirs to it first."""
        holders = sorted(self.topology.load_balancers, key=lambda each: len(self.observed[each.machine.name].holds))
        *others, last = holders
        for balancer in others:
            if self.observed[balancer.machine.name].holds:
                handover = self.observed[balancer.machine.name].handover
                await move_away(self.writer, self.topology, balancer, handover, self.ca, self.on_event)
        return (*others, last)

    async def _hand_over(self, holder: LoadBalancer, taker: LoadBalancer) -> None:
        """The other daemon takes the virtual IPs, and ours lets go at once."""
        held = await read_addresses(self.writer, holder.machine)
        vips = [vip.ip for vip in self.topology.endpoint.vips if vip.ip in held]
        await self._start(taker.machine)
        await self._wait_until_taken(taker.machine, vips)
        began = time.monotonic_ns()
        await enter_standby(self.writer, holder.machine, self.observed[holder.machine.name].handover)
        await wait_moved(self.writer, self.topology, holder, vips, self.on_event, began)
        await wait_answers(self.topology, self.ca)

    async def _wait_until_taken(self, taker: Machine, vips: Sequence[IPAddress]) -> None:
        end = time.monotonic_ns() + int(TAKE_DEADLINE * 1e9)
        while not set(vips) <= await read_addresses(self.writer, taker):
            if time.monotonic_ns() > end:
                hint = f"there: journalctl -u {VRRP_DAEMON.unit}; does its own check pass?"
                raise VerificationError("with its old files it does not take the virtual IP", where=taker.name, hint=hint)
            await asyncio.sleep(PAUSE)

    async def _take_back(self, balancers: Sequence[LoadBalancer], holder: Machine) -> None:
        """After a failure: our files again on those that were begun, and our daemon."""
        try:
            await self._bring(balancers, self.kept_as)
            await leave_standby(self.writer, holder, self.observed[holder.name].handover)
            for balancer in balancers:
                await self._start(balancer.machine)
        except TwinkeelError as error:
            self.on_event(Notice(f"our own files could not be put back: {error}; run `twinkeel apply`"))

    async def _bring(self, balancers: Sequence[LoadBalancer], number: int) -> None:
        await self._run(GIVE_BACK, [balancer.machine.name for balancer in balancers], number)

    async def _start(self, machine: Machine) -> None:
        (await self.writer.change(machine, ("systemctl", "start", vip_backend(self.topology).unit))).checked()

    async def _run(self, playbook: str, limit: Sequence[str] = (), number: int = 0) -> PlaybookRun:
        run = await run_playbook(self.folder, self.log, self.on_event, playbook, limit, number=number)
        for name, count in run.changed.items():
            self.changed[name] = self.changed.get(name, 0) + count
        if run.error is not None:
            raise run.error
        return run
