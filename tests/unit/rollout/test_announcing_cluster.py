"""Whatever two to five load balancers announce, are and need: routers know of one at every moment in which they did before."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from routed_network import RoutedNetwork
from vrrp_segment import Steps

from twinkeel.errors import HostError, VerificationError
from twinkeel.plan.model import FileChange, HostPlan, Plan
from twinkeel.plan.order import batches
from twinkeel.plan.plan import steps_of
from twinkeel.render.frr import CONFIG_PATH
from twinkeel.rollout import rollout
from twinkeel.topology.model import Topology
from twinkeel.vip import withdraw
from twinkeel.vip.backend import LiveSettings
from twinkeel.vip.balancer_state import BalancerState

VIP = "192.0.2.10"
BALANCERS = {f"lb-{number}": f"192.168.1.{number + 110 if number < 3 else number + 140}" for number in range(1, 6)}
NEW_FILE = (FileChange(CONFIG_PATH, "content", "content", ""),)
BGP = f"  mode: bgp\n  vip: {VIP}\n  bgp: {{asn: 64512, routers: [{{address: 192.168.1.1, asn: 64500}}]}}"

Build = Callable[..., Topology]


@dataclass(frozen=True)
class Case:
    """Who serves, who announces, who gets new files, and who fails at that."""

    fit: dict[str, bool]
    announcing: tuple[str, ...]
    needs: dict[str, bool]
    fails: str | None


@st.composite
def cases(draw: st.DrawFn) -> Case:
    names = list(BALANCERS)[: draw(st.integers(2, 5))]
    fit = {name: draw(st.booleans()) for name in names}
    needs = {name: not fit[name] or draw(st.booleans()) for name in names}
    announcing = tuple(name for name in names if fit[name] and draw(st.booleans()))
    fails = draw(st.sampled_from([None, *(name for name in names if needs[name])]))
    return Case(fit, announcing, needs, fails)


def build(build_edited: Build, names: list[str]) -> Topology:
    more = "".join(f"  {name}: {BALANCERS[name]}\n" for name in names[2:])
    return build_edited(("  vip: 192.168.1.110/24", BGP), ("  lb-2: 192.168.1.112\n", f"  lb-2: 192.168.1.112\n{more}"))


def observed(case: Case) -> dict[str, BalancerState]:
    settings_ = LiveSettings("standby", frozenset(), frozenset())
    return {
        name: BalancerState(
            name, (ip_address(VIP),) if name in case.announcing else (), fit, fit, False, False, 3 if fit else 0, settings_
        )
        for name, fit in case.fit.items()
    }


def plan_of(case: Case) -> Plan:
    groups = batches(list(case.fit), observed(case))
    hosts = [
        HostPlan(
            name,
            NEW_FILE if case.needs[name] else (),
            actions={"frr": "restart"} if case.needs[name] else {},
            holds=(VIP,) if name in case.announcing else (),
        )
        for group in groups
        for name in group
    ]
    return Plan(tuple(hosts), (), "bootstrap", groups)


@settings(max_examples=80)
@given(case=cases())
def test_routers_always_know_of_somebody(build_edited: Build, case: Case) -> None:
    network = RoutedNetwork(VIP, case.fit, case.announcing)
    topology, made = build(build_edited, list(case.fit)), plan_of(case)
    worked_on, stopped = list[str](), ""

    def work_on(name: str) -> None:
        assert not case.needs[name] or name not in network.announcing, f"{name} is worked on while it announces"
        worked_on.append(name)
        if case.needs[name]:
            network.fit[name] = name != case.fails

    run = rollout.Rollout(topology, network, made, None, observed(case), Path("unused"), Path("log"), lambda _: None)
    run._playbook = Steps(made, work_on, case.fails)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(withdraw, "PAUSE", 0)
            patch.setattr(rollout, "VERIFY_DEADLINE", 0)
            asyncio.run(run.run())
    except HostError:
        assert case.fails in worked_on
    except VerificationError as error:
        # Nobody else announces; or none does at all, as nothing was to be done where somebody could.
        stopped = str(error)
    else:
        assert sorted(worked_on) == sorted(case.fit)
        assert {name for name, needs in case.needs.items() if needs} <= network.heard
    assert "no other load balancer announces" in stopped or not stopped or not network.heard, stopped
    if case.announcing:
        assert all(network.seen), network.seen
    assert not any(network.aside.values()), "somebody was left aside"


def test_the_last_one_that_announces_does_not_withdraw(build_edited: Build) -> None:
    network = RoutedNetwork(VIP, {"lb-1": True, "lb-2": True}, ["lb-1"])
    topology = build(build_edited, ["lb-1", "lb-2"])
    with pytest.raises(VerificationError, match="no other load balancer announces"):
        asyncio.run(withdraw.withdraw_vips(network, topology, topology.load_balancers[0], None, lambda _: None))
    assert network.aside == {"lb-1": False, "lb-2": False}
    assert network.heard == {"lb-1"}


def test_a_word_brings_one_back_that_waits(build_edited: Build) -> None:
    network = RoutedNetwork(VIP, {"lb-1": True, "lb-2": True}, ["lb-1"])
    topology = build(build_edited, ["lb-1", "lb-2"])
    asyncio.run(withdraw.announce_vips_at_once(network, topology, topology.load_balancers[1]))
    assert network.heard == {"lb-1", "lb-2"}


def test_the_steps_say_who_announces_meanwhile() -> None:
    case = Case({"lb-1": True, "lb-2": True}, ("lb-1", "lb-2"), {"lb-1": True, "lb-2": False}, None)
    made = plan_of(case)
    hosts = {host.name: host for host in made.hosts}
    assert steps_of([[hosts[name] for name in group] for group in made.groups], exclusive=False) == [
        "withdraw 192.0.2.10 on lb-1 while lb-2 announces (planned)",
        "lb-1: 1 file, restart frr",
    ]
