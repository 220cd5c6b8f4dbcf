"""Whatever two to five load balancers hold, are and need: somebody serves at every moment, and never two at once."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vrrp_segment import Segment, Steps

from twinkeel.errors import HostError, VerificationError
from twinkeel.plan.model import FileChange, HostPlan, Plan
from twinkeel.plan.order import batches
from twinkeel.render.keepalived import CONFIG_PATH
from twinkeel.rollout import rollout
from twinkeel.topology.model import Topology
from twinkeel.vip import handover
from twinkeel.vip.backend import LiveSettings
from twinkeel.vip.balancer_state import BalancerState

VIP = "192.168.1.110"
BALANCERS = [f"lb-{number}" for number in range(1, 6)]
ADDRESSES = {name: f"192.168.1.{110 + number if number < 3 else 140 + number}" for number, name in enumerate(BALANCERS, 1)}
NEW_FILE = (FileChange(CONFIG_PATH, "content", "content", ""),)


@dataclass(frozen=True)
class Case:
    """Who serves, who holds the virtual IP (None: nobody does), who gets new files, and who fails at that.

    `strangers`: with the new files a load balancer does not hear those that have the old ones.
    """

    fit: dict[str, bool]
    holder: str | None
    needs: dict[str, bool]
    strangers: bool
    fails: str | None


@st.composite
def cases(draw: st.DrawFn) -> Case:
    names = BALANCERS[: draw(st.integers(2, 5))]
    if draw(st.booleans()):
        # Bare hosts.
        return Case(dict.fromkeys(names, False), None, dict.fromkeys(names, True), strangers=False, fails=None)
    holder, strangers = draw(st.sampled_from(names)), draw(st.booleans())
    fit = {name: name == holder or draw(st.booleans()) for name in names}
    needs = {name: strangers or draw(st.booleans()) for name in names}
    fails = draw(st.sampled_from([None, *(name for name in names if needs[name])]))
    return Case(fit, holder, needs, strangers, fails)


def seen(segment: Segment) -> dict[str, BalancerState]:
    """What would be observed now. Each knows every other one; two hear each other where both have old files, or both new ones."""
    known = frozenset(ADDRESSES.values())
    return {
        name: BalancerState(
            name,
            (ip_address(VIP),) if name in segment.holders.values() else (),
            *(fit, fit, False, segment.aside[name], 3 if fit else 0),
            LiveSettings("standby", frozenset({segment.heard[name]}), known),
        )
        for name, fit in segment.fit.items()
    }


def plan_of(case: Case, observed: dict[str, BalancerState]) -> Plan:
    groups = batches(list(case.fit), observed)
    later = (case.holder,) if case.strangers and case.holder is not None else ()
    hosts = [
        HostPlan(
            name,
            NEW_FILE if case.needs[name] else (),
            actions={"keepalived": "reload"} if case.needs[name] else {},
            holds=(VIP,) if name == case.holder else (),
            unheard_by=() if name == case.holder else later,
        )
        for group in groups
        for name in group
    ]
    return Plan(tuple(hosts), (), "verified", groups)


@settings(max_examples=60)
@given(case=cases())
def test_somebody_serves_and_never_two(build_edited: Callable[..., Topology], case: Case) -> None:
    segment = Segment(VIP, case.fit, case.holder)
    observed = seen(segment)

    async def observe(*_: object) -> dict[str, BalancerState]:
        return seen(segment)

    worked_on: list[str] = []

    def work_on(name: str) -> None:
        assert not case.needs[name] or name not in segment.holders.values(), f"{name} is worked on while it holds the virtual IP"
        worked_on.append(name)
        if name != case.fails and case.needs[name]:
            segment.fit[name] = True
            segment.heard[name] = "new" if case.strangers else "old"
        segment.settle()

    made = plan_of(case, observed)
    more = "".join(f"  {name}: {ADDRESSES[name]}\n" for name in list(case.fit)[2:])
    topology = build_edited(("  lb-2: 192.168.1.112\n", f"  lb-2: 192.168.1.112\n{more}"))
    run = rollout.Rollout(topology, segment, made, None, observed, Path("unused"), Path("log"), lambda _: None)
    run._playbook = Steps(made, work_on, case.fails)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rollout, "observe", observe)
            patch.setattr(handover, "PAUSE", 0)
            asyncio.run(run.carry_out())
    except HostError:
        assert case.fails in worked_on
    except VerificationError:
        # The one reason to stop before the end: the holder is the only one that serves.
        others = [name for name in case.fit if name != case.holder]
        assert not any(segment.fit[name] for name in others)
    else:
        assert sorted(worked_on) == sorted(case.fit)
    assert all(len(holders) <= 1 for holders in segment.seen), segment.seen
    if case.holder is not None and not case.strangers:
        assert all(holders for holders in segment.seen), segment.seen
    if case.holder is not None and segment.seen:
        assert segment.seen[-1], "the virtual IP is nowhere"
