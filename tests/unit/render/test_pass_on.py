"""Passing segments on among load balancers that announce by BGP: who asks whom, and who answers at the end."""

from dataclasses import replace
from pathlib import Path

import pytest

from twinkeel.cli.load import load_topology
from twinkeel.render.pass_on import _families, render_pass_on
from twinkeel.render.render import render
from twinkeel.render.second_chance import RULES_PATH
from twinkeel.render.services import packages_of
from twinkeel.topology.model import Topology

EXAMPLE = Path(__file__).parents[3] / "examples" / "lab-bgp.yaml"


@pytest.fixture
def keeping() -> Topology:
    return replace(load_topology(EXAMPLE), second_chance=60.0)


def of_size(topology: Topology, count: int) -> Topology:
    """The same with so many load balancers."""
    first = topology.load_balancers[0]
    names = [f"lb-{n}" for n in range(1, count + 1)]
    machines = [replace(first.machine, name=name, address=first.machine.address + place) for place, name in enumerate(names)]
    return replace(topology, load_balancers=tuple(replace(first, machine=machine) for machine in machines))


def test_nothing_is_rendered_unless_it_is_asked_for() -> None:
    topology = load_topology(EXAMPLE)
    assert RULES_PATH not in {file.path for file in render(topology).hosts["lb-1"]}
    assert "nftables" not in packages_of(topology)
    alone = replace(topology, second_chance=60.0, load_balancers=topology.load_balancers[:1])
    assert render_pass_on(alone, alone.load_balancers[0]) == ()


def test_with_it_the_others_are_told_that_this_one_serves(keeping: Topology) -> None:
    files = {file.path: file.content for file in render(keeping).hosts["lb-2"]}
    assert RULES_PATH in files
    assert "nftables" in packages_of(keeping)
    unit = files["/etc/systemd/system/twinkeel-announce.service"]
    assert "--served-after 60 --device eth0 --identity" in unit
    assert "--peer 192.168.1.111 --peer 192.168.1.113 --state-file" in unit
    # Each setting on a line of its own.
    assert "\nRestart=always\n" in unit
    assert not any(path.endswith("twinkeel-linger.service") for path in files)


@pytest.mark.parametrize("count", [2, 3, 4])
def test_every_round_asks_each_of_the_others_once_and_ends(keeping: Topology, count: int) -> None:
    topology = of_size(keeping, count)
    rules = {each.machine.name: next(_families(topology, each)) for each in topology.load_balancers}
    for origin, begun in enumerate(topology.load_balancers, 1):
        asked, at = [], begun.machine.name
        while True:
            family = rules[at]
            peers = family.peers if at == begun.machine.name else next((r.peers for r in family.rounds if r.place == origin), ())
            if not peers:
                break
            at = peers[0].name
            asked.append(at)
        assert sorted(asked) == sorted(name for name in rules if name != begun.machine.name)


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_who_is_gone_is_passed_over(keeping: Topology, lost: int) -> None:
    """lb-1 begins; of the four the one that is lost says nothing any more."""
    topology = of_size(keeping, 4)
    rules = {each.machine.name: next(_families(topology, each)) for each in topology.load_balancers}
    gone, at, asked = f"lb-{lost + 1}", "lb-1", []
    while True:
        peers = rules[at].peers if at == "lb-1" else next((r.peers for r in rules[at].rounds if r.place == 1), ())
        serving = [peer.name for peer in peers if peer.name != gone]
        if not serving:
            break
        at = serving[0]
        asked.append(at)
    assert asked == [name for name in ("lb-2", "lb-3", "lb-4") if name != gone]
