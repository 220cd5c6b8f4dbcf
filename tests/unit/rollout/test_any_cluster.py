"""Whatever two to five load balancers hold, are and need: somebody serves at every moment, and never two at once."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signing_cluster import SigningCluster
from vrrp_segment import Segment, Steps

from twinkeel.errors import HostError, VerificationError
from twinkeel.observe.host_state import HostState
from twinkeel.plan.mask_secrets import SecretMask
from twinkeel.plan.model import Desired, FileChange, HostPlan, Plan
from twinkeel.plan.order import batches
from twinkeel.plan.plan import plan
from twinkeel.render.keepalived import CONFIG_PATH
from twinkeel.render.render import render
from twinkeel.rollout import rollout
from twinkeel.spec.secrets import Secrets
from twinkeel.topology.model import Topology
from twinkeel.vip import handover
from twinkeel.vip.backend import LiveSettings
from twinkeel.vip.balancer_state import BalancerState, balancer_state

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
    # Who cannot take over now has a unit to start, or does not pass its verification: no run ends well there without work.
    needs = {name: strangers or not fit[name] or draw(st.booleans()) for name in names}
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
            incompatible_with=() if name == case.holder else later,
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
            asyncio.run(run.run())
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


KEYS = {"none": None, "old key": "0a" * 32, "new key": "0b" * 32}


def signing(build_edited: Callable[..., Topology], size: int, key: str | None) -> tuple[Topology, Desired]:
    more = "".join(f"  {name}: {ADDRESSES[name]}\n" for name in BALANCERS[2:size])
    edits = [("  lb-2: 192.168.1.112\n", f"  lb-2: 192.168.1.112\n{more}")]
    if key is not None:
        edits.append(("{profile: fast}", "{profile: fast, authentication: hmac}\nkeepalived: {version: '2.4'}"))
    topology = build_edited(*edits)
    rendered = render(topology, "bootstrap", Secrets(vrrp_key=key))
    hosts = {host: tuple(file for file in files if file.path == CONFIG_PATH) for host, files in rendered.hosts.items()}
    return topology, Desired(replace(rendered, hosts=hosts), None, "bootstrap")


@settings(max_examples=15)
@given(
    size=st.integers(2, 4), start=st.sampled_from(list(KEYS)), end=st.sampled_from(list(KEYS)), fails=st.none() | st.integers(0, 11)
)
def test_signing_comes_and_goes_while_somebody_serves(
    build_edited: Callable[..., Topology], size: int, start: str, end: str, fails: int | None
) -> None:
    """`fails` counts hosts over all sweeps; the apply that comes after it goes on from there."""
    cluster = SigningCluster(signing(build_edited, size, KEYS[start])[1])
    topology, desired = signing(build_edited, size, KEYS[end])
    segment, worked_on = Segment(VIP, dict.fromkeys(cluster.disk, True), "lb-1"), list[str]()
    segment.heard, segment.holders = cluster.groups(), {"lb-1": "lb-1"}

    def look() -> dict[str, HostState]:
        mine = segment.holders.values()
        return cluster.states({name: frozenset({ip_address(VIP)} if name in mine else ()) for name in cluster.disk})

    async def observe(*_: object) -> dict[str, BalancerState]:
        return {name: balancer_state(topology, name, state) for name, state in look().items()}

    def sweep(made: Plan) -> None:
        todo = [name for group in made.groups for name in group]
        at = None if fails is None or not len(worked_on) <= fails < len(worked_on) + len(todo) else todo[fails - len(worked_on)]

        def work_on(name: str) -> None:
            worked_on.append(name)
            if name != at:
                assert made.desired is not None
                cluster.bring(next(each for each in made.hosts if each.name == name), made.desired.files_of(name))
            segment.heard = cluster.groups()
            segment.settle()

        run = rollout.Rollout(topology, segment, made, None, asyncio.run(observe()), Path("x"), Path("log"), lambda _: None)
        run._playbook = Steps(made, work_on, at)
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(rollout, "observe", observe)
                patch.setattr(handover, "PAUSE", 0)
                asyncio.run(run.run())
        except HostError:
            assert at is not None

    for _ in range(8):
        made = plan(topology, desired, look(), SecretMask())
        if not made.has_changes:
            break
        sweep(made)
    assert not made.drift
    assert set(cluster.runs.values()) == {files[0].content for files in desired.rendered.hosts.values()}
    assert all(len(holders) == 1 for holders in segment.seen), segment.seen
