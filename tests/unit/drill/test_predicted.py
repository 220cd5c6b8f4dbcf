"""Which drills show a predicted fault."""

from dataclasses import replace
from pathlib import Path

import pytest

from twinkeel.app.explain import PredictedFault, predicted_faults
from twinkeel.cli.load import load_topology
from twinkeel.drill.faults.registry import FAULTS
from twinkeel.topology.model import Topology

EXAMPLE = Path(__file__).parents[3] / "examples" / "lab-bgp.yaml"
DRILLS = {drill.id: drill for drill in FAULTS}
# What is predicted and not drilled: a load balancer comes back within each of the other drills.
WITHOUT = {"failback", "return"}


@pytest.fixture
def announcing() -> Topology:
    return load_topology(EXAMPLE)


def assert_drilled(predicted: tuple[PredictedFault, ...], other: str) -> None:
    named = [drill for each in predicted for drill in each.drills]
    assert {drill for drill in named if other in DRILLS[drill].prerequisites} == set()
    assert len(named) == len(set(named))
    assert {each.prediction.fault for each in predicted if not each.drills} <= WITHOUT
    assert [each for each in predicted if each.drills and each.prediction.fault != each.drills[0]] == []


def test_each_prediction_names_drills_that_exist_and_may_run(lab_home_topology: Topology, announcing: Topology) -> None:
    assert_drilled(predicted_faults(lab_home_topology), "BGP")
    assert_drilled(predicted_faults(announcing), "VRRP")


def test_one_load_balancer_alone_has_the_same_drills(lab_home_topology: Topology) -> None:
    alone = replace(lab_home_topology, load_balancers=lab_home_topology.load_balancers[:1])
    assert [each.drills for each in predicted_faults(alone)] == [each.drills for each in predicted_faults(lab_home_topology)]
