"""A change after which load balancers with old and new files do not hear each other: never do two hold the virtual IP."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from vrrp_segment import Segment, Steps

from twinkeel.errors import HostError
from twinkeel.plan.model import FileChange, HostPlan, Plan
from twinkeel.render.keepalived import CONFIG_PATH
from twinkeel.render.render import render
from twinkeel.rollout import rollout
from twinkeel.topology.model import Topology
from twinkeel.vip.backend import LiveSettings
from twinkeel.vip.balancer_state import BalancerState
from twinkeel.vip.keepalived.live_file import vrrp_lines

Build = Callable[..., Topology]


@pytest.mark.parametrize("fails", [None, "lb-1"])
def test_the_old_holder_stays_aside_until_it_has_its_new_file(
    build_edited: Build, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fails: str | None
) -> None:
    old = build_edited()
    new = build_edited(("vip: 192.168.1.110/24", "vip: {address: 192.168.1.110/24, vrid: 99}"))
    segment = Segment("192.168.1.110", {"lb-1": True, "lb-2": True}, "lb-1")
    live = {name: {file.path: file.content for file in mine}[CONFIG_PATH] for name, mine in render(old).hosts.items()}
    known = frozenset(str(each.machine.address) for each in old.load_balancers)
    holds = {"lb-1": (old.endpoint.vips[0].ip,), "lb-2": ()}
    observed = {
        name: BalancerState(name, holds[name], True, True, False, False, 3, LiveSettings("standby", vrrp_lines(live[name]), known))
        for name in live
    }

    def give_its_new_file(name: str) -> None:
        """The one that fails keeps its old one."""
        segment.heard[name] = "old" if name == fails else "new"
        segment.settle()

    async def observe(*_: object) -> dict[str, BalancerState]:
        changed = {name: observed[name] for name in observed}
        others = LiveSettings("standby", frozenset({"other"}), known)
        changed["lb-2"] = BalancerState("lb-2", holds["lb-1"], True, True, False, False, 3, others)
        return changed

    monkeypatch.setattr(rollout, "observe", observe)
    changed_file = (FileChange(CONFIG_PATH, "content", "content", ""),)
    hosts = [
        HostPlan("lb-2", changed_file, actions={"keepalived": "reload"}, incompatible_with=("lb-1",)),
        HostPlan("lb-1", changed_file, actions={"keepalived": "reload"}, holds=("192.168.1.110",)),
    ]
    made = Plan(tuple(hosts), (), "verified", (("lb-2",), ("lb-1",)))
    run = rollout.Rollout(new, segment, made, None, observed, tmp_path, tmp_path / "log", lambda _: None)
    run._playbook = Steps(made, give_its_new_file, fails)
    if fails:
        with pytest.raises(HostError):
            asyncio.run(run.run())
        assert segment.aside["lb-1"], "it would take the virtual IP a second time"
    else:
        asyncio.run(run.run())
        assert segment.aside == {"lb-1": False, "lb-2": False}
    assert all(len(holders) <= 1 for holders in segment.seen), segment.seen
    assert segment.seen[-1] == ("lb-2",)


@pytest.mark.parametrize("dead_end", [True, False])
def test_a_holder_that_sends_clients_nowhere_does_not_stop_the_work_that_mends_it(
    lab_home_topology: Topology, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, dead_end: bool
) -> None:
    """Its new files are what mends it: the API is asked from the moment that it is worked on, and before if it served."""
    segment, asked = Segment("192.168.1.110", {"lb-1": True, "lb-2": True}, "lb-1"), list[str | None]()
    holds = {"lb-1": (lab_home_topology.endpoint.vips[0].ip,), "lb-2": ()}
    fit = BalancerState("", (), True, True, False, False, 0, LiveSettings("standby", frozenset(), frozenset()), dead_end)
    observed = {name: replace(fit, name=name, holds=held) for name, held in holds.items()}

    async def verify(_: object, __: object, ca: str | None, **___: object) -> None:
        asked.append(ca)

    async def nothing(*_: object, **__: object) -> set[str]:
        return set()

    monkeypatch.setattr(rollout, "verify_endpoint", verify)
    monkeypatch.setattr(rollout.Rollout, "_answering", nothing)
    made = Plan((HostPlan("lb-2"), HostPlan("lb-1", holds=("192.168.1.110",))), (), "verified", (("lb-2",), ("lb-1",)))
    run = rollout.Rollout(lab_home_topology, segment, made, "authority", observed, tmp_path, tmp_path, lambda _: None)
    run._playbook = Steps(made)
    asyncio.run(run.run())
    assert asked == [None if dead_end else "authority", "authority"]


@pytest.mark.parametrize("firewall", ["firewalld", "twinkeel-firewall"])
def test_who_reloads_firewalld_stands_aside_meanwhile(
    lab_home_topology: Topology, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, firewall: str
) -> None:
    """It drops its peers' advertisements while it reloads, and a load balancer that hears nobody takes the virtual IP."""
    segment, aside = Segment("192.168.1.110", {"lb-1": True, "lb-2": True}, "lb-1"), dict[str, bool]()
    fit = BalancerState("", (), True, True, False, False, 3, LiveSettings("standby", frozenset(), frozenset()))
    holds = {"lb-1": (lab_home_topology.endpoint.vips[0].ip,), "lb-2": ()}
    observed = {name: replace(fit, name=name, holds=held) for name, held in holds.items()}

    async def good(*_: object, **__: object) -> set[str]:
        return set()

    def see_who_is_aside(name: str) -> None:
        aside[name] = segment.aside[name]

    monkeypatch.setattr(rollout, "verify_endpoint", good)
    monkeypatch.setattr(rollout.Rollout, "_answering", good)
    does = {firewall: "reload"}
    hosts = (HostPlan("lb-2", actions=does), HostPlan("lb-1", actions=does, holds=("192.168.1.110",)))
    made = Plan(hosts, (), "verified", (("lb-2",), ("lb-1",)))
    run = rollout.Rollout(lab_home_topology, segment, made, None, observed, tmp_path, tmp_path, lambda _: None)
    run._playbook = Steps(made, see_who_is_aside)
    asyncio.run(run.run())
    assert aside == dict.fromkeys(("lb-1", "lb-2"), firewall == "firewalld")
    assert segment.aside == {"lb-1": False, "lb-2": False}
    assert all(len(holders) <= 1 for holders in segment.seen), segment.seen
