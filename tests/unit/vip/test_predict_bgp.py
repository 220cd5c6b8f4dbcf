"""The predictions that `explain` shows for load balancers that announce by BGP."""

from dataclasses import replace
from pathlib import Path

import pytest

from twinkeel.cli.load import load_topology
from twinkeel.faults.prediction import Prediction
from twinkeel.topology.model import Bfd, Topology
from twinkeel.vip.predict import predict
from twinkeel.vrrp import Range

EXAMPLE = Path(__file__).parents[3] / "examples" / "lab-bgp.yaml"


@pytest.fixture
def announcing() -> Topology:
    return load_topology(EXAMPLE)


def by_fault(topology: Topology) -> dict[str, Prediction]:
    return {prediction.fault: prediction for prediction in predict(topology)}


def power_loss(topology: Topology, bfd: Bfd | None) -> tuple[float, float]:
    assert topology.bgp is not None
    found = by_fault(replace(topology, bgp=replace(topology.bgp, bfd=bfd)))["power-loss"].downtime
    assert found is not None
    return round(found.low, 3), round(found.high, 3)


def test_power_loss_is_bfds_detection_and_what_daemons_take(announcing: Topology) -> None:
    assert power_loss(announcing, Bfd(0.05, 3)) == (0.15, 0.25)
    assert power_loss(announcing, Bfd(0.01, 3)) == (0.07, 0.13)
    assert power_loss(announcing, Bfd(0.3, 3)) == (0.65, 1.0)
    # Without it BGP's own timers count: three keepalives in a hold time of 9 s.
    assert power_loss(announcing, None) == (6.05, 10.1)


def test_what_is_planned_costs_new_connections_nothing(announcing: Topology) -> None:
    found = by_fault(announcing)
    assert all(found[fault].downtime == Range(0, 0) for fault in ("planned-switchover", "reboot-holder", "bgpd-kill", "return"))


def test_a_silent_haproxy_costs_less_where_connections_survive(announcing: Topology) -> None:
    waits = by_fault(announcing)["haproxy-hang"].downtime
    early = by_fault(replace(announcing, second_chance=60.0))["haproxy-hang"].downtime
    assert waits is not None
    assert early is not None
    assert waits.low > 0.7
    # An eighth of the deadline of 1 s, asked every 0.05 s; 0.05 s for the others, 0.05 to 0.1 s for the router.
    assert (round(early.low, 3), round(early.high, 3)) == (0.175, 0.325)


def test_a_router_is_the_networks_own(announcing: Topology) -> None:
    assert by_fault(announcing)["router-power-loss"].downtime is None
    assert by_fault(announcing)["router-power-loss"].effect.startswith("no second router")


def test_one_load_balancer_alone_is_without_an_end(announcing: Topology) -> None:
    found = by_fault(replace(announcing, load_balancers=announcing.load_balancers[:1]))
    assert found["power-loss"].downtime is None
    assert found["haproxy-kill"].effect == "no second load balancer announces: until this one is back"
