"""Load balancers on one segment by the rules of VRRP, and a playbook that works on them: for tests of the order of work."""

import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path

from twinkeel.errors import HostError
from twinkeel.hosts.executor import CommandResult
from twinkeel.plan.model import Plan
from twinkeel.rollout.run_playbook import PlaybookRun
from twinkeel.rollout.stepped_playbook import SteppedPlaybook
from twinkeel.support.events import TaskFailed
from twinkeel.topology.model import Machine


class Segment:
    """By the rules of VRRP with `nopreempt`: of those that hear each other and may hold the virtual IP, one holds it.

    `heard` is the virtual router that each runs with, `fit` whether it serves. `seen` keeps who held the virtual IP after each
    command and each step of a playbook.
    """

    def __init__(self, vip: str, fit: Mapping[str, bool], holder: str | None) -> None:
        self.vip, self.fit = vip, dict(fit)
        self.heard, self.aside = dict.fromkeys(fit, "old"), dict.fromkeys(fit, False)
        self.holders = {} if holder is None else {"old": holder}
        self.seen: list[tuple[str, ...]] = []

    def settle(self) -> None:
        for router in sorted({*self.heard.values(), *self.holders}):
            can = [name for name in self.heard if self.heard[name] == router and self.fit[name] and not self.aside[name]]
            if self.holders.get(router) not in can:
                self.holders.pop(router, None)
                if can:
                    self.holders[router] = can[0]
        self.seen.append(tuple(sorted(self.holders.values())))

    async def run(self, machine: Machine, argv: Sequence[str], *, timeout: float = 20) -> CommandResult:
        held = [{"addr_info": [{"local": self.vip}]}] if machine.name in self.holders.values() else []
        return CommandResult(machine.name, tuple(argv), 0, json.dumps(held), "")

    async def change(self, machine: Machine, argv: Sequence[str], *, timeout: float = 20) -> CommandResult:
        self.aside[machine.name] = argv[-1] == "1"
        self.settle()
        return CommandResult(machine.name, tuple(argv), 0, "", "")

    async def read_file(self, machine: Machine, path: str) -> bytes:
        raise HostError("not asked for here", where=path)

    async def stream(self, machine: Machine, argv: Sequence[str]) -> AsyncGenerator[str, None]:
        raise HostError("not asked for here", where=machine.name)
        yield ""


class Steps(SteppedPlaybook):
    """A playbook that works on the groups of a plan, one after the other, and ends when one fails.

    `work_on` is what the roles do to a host.
    """

    def __init__(self, made: Plan, work_on: Callable[[str], None] = lambda _: None, fails: str | None = None) -> None:
        self.left, self.fails, self.work_on = list(made.groups), fails, work_on
        self.failed = False

    async def go(self) -> None:
        for name in self.left.pop(0):
            self.work_on(name)
            self.failed = self.failed or name == self.fails

    async def reach_turn(self) -> PlaybookRun | None:
        failures = (TaskFailed(self.fails or "", "some task", "it went wrong"),) if self.failed else ()
        return None if self.left and not failures else PlaybookRun({}, failures, Path("log"))
