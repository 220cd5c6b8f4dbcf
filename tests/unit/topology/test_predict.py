"""The predictions that `explain` shows."""

from collections.abc import Callable

import pytest

from twinkeel.topology.model import Topology
from twinkeel.topology.predict import Prediction, predict
from twinkeel.vrrp import Range

Build = Callable[..., Topology]


def by_fault(topology: Topology) -> dict[str, Prediction]:
    return {prediction.fault: prediction for prediction in predict(topology)}


def assert_range(found: Range | None, low: float, high: float) -> None:
    assert found is not None
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.0015)


def test_the_fast_profile(lab_home_topology: Topology) -> None:
    found = by_fault(lab_home_topology)
    assert_range(found["power-loss"].downtime, 0.201, 0.301)
    assert_range(found["haproxy-stop"].downtime, 0.001, 0.051)
    assert_range(found["haproxy-kill"].downtime, 0.001, 0.091)
    assert_range(found["haproxy-hang"].downtime, 0.751, 1.301)
    assert_range(found["reboot"].downtime, 0.001, 0.051)
    assert_range(found["api-server-death"].degraded, 0.25, 1.25)
    assert_range(found["control-plane-power-loss"].degraded, 1.75, 2.75)
    assert_range(found["api-server-hang"].degraded, 1.75, 2.75)
    assert all(
        found[fault].downtime == Range(0, 0) for fault in ("api-server-death", "control-plane-power-loss", "api-server-hang")
    )


def test_the_targets_of_the_fast_profile_are_met_in_the_worst_case(lab_home_topology: Topology) -> None:
    """What the project promises: 350 ms for power, 100 ms for a dead HAProxy, 3 s for a hung one."""
    worst = {fault: prediction.downtime.high for fault, prediction in by_fault(lab_home_topology).items() if prediction.downtime}
    assert worst["power-loss"] <= 0.350
    assert max(worst["haproxy-stop"], worst["haproxy-kill"], worst["reboot"]) <= 0.100
    assert worst["haproxy-hang"] <= 3.0


def test_the_steady_profile_waits_for_three_seconds_of_silence(build_edited: Build) -> None:
    found = by_fault(build_edited(("profile: fast", "profile: steady")))
    assert_range(found["power-loss"].downtime, 2.012, 3.012)


def test_without_a_second_load_balancer_nothing_is_promised(build_edited: Build) -> None:
    found = by_fault(build_edited(("  lb-2: 192.168.1.112\n", "")))
    assert found["power-loss"].downtime is None
    assert "no second load balancer" in found["power-loss"].effect
    assert found["api-server-death"].downtime == Range(0, 0)


def test_without_a_second_api_server_nothing_is_promised(build_edited: Build) -> None:
    found = by_fault(build_edited(("  master-2: 192.168.1.103\n  master-3: 192.168.1.105\n", "")))
    assert found["api-server-hang"].downtime is None
    assert_range(found["power-loss"].downtime, 0.201, 0.301)


def test_a_dead_api_server_is_found_before_a_hung_load_balancer(lab_home_topology: Topology, build_edited: Build) -> None:
    """Detection before motion: the virtual IP must not move because of what a check would have found first."""
    for topology in (lab_home_topology, build_edited(("profile: fast", "profile: steady"))):
        found = by_fault(topology)
        degraded, hang = found["api-server-death"].degraded, found["haproxy-hang"].downtime
        assert degraded is not None
        assert hang is not None
        assert degraded.high < hang.high
