"""The predictions that `explain` shows."""

from collections.abc import Callable

import pytest

from twinkeel.faults.prediction import Prediction, agrees
from twinkeel.faults.reactions import REACTION
from twinkeel.render.render import render
from twinkeel.topology.derived_times import vip_daemon_restart
from twinkeel.topology.model import Topology
from twinkeel.vip.keepalived.failure_times import successors
from twinkeel.vip.predict import predict
from twinkeel.vrrp import Range

Build = Callable[..., Topology]


def by_fault(topology: Topology) -> dict[str, Prediction]:
    return {prediction.fault: prediction for prediction in predict(topology)}


def assert_range(found: Range | None, low: float, high: float) -> None:
    assert found is not None
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.0015)


@pytest.mark.parametrize(("profile", "low", "high"), [("fast", 0.126, 0.276), ("steady", 0.508, 0.812)])
def test_a_hang_costs_less_where_connections_survive_the_move(build_edited: Build, profile: str, low: float, high: float) -> None:
    hang = by_fault(build_edited(("profile: fast", f"profile: {profile}, second_chance: true")))["haproxy-hang"]
    assert_range(hang.downtime, low, high)
    assert "HAProxy is killed after" in hang.effect


def test_the_fast_profile(lab_home_topology: Topology) -> None:
    found = by_fault(lab_home_topology)
    assert_range(found["power-loss"].downtime, 0.141, 0.231)
    assert_range(found["haproxy-stop"].downtime, 0.001, 0.051)
    assert_range(found["haproxy-kill"].downtime, 0.001, 0.091)
    assert_range(found["haproxy-hang"].downtime, 0.126, 0.276)
    assert_range(found["reboot-holder"].downtime, 0.001, 0.051)
    assert_range(found["planned-switchover"].downtime, 0.001, 0.051)
    assert_range(found["keepalived-kill"].downtime, 0, 0.050)
    assert_range(found["balancers-partitioned"].downtime, 0, 0.120)
    assert_range(found["balancer-cut-from-control-plane"].downtime, 2.251, 5.301)
    assert_range(found["failback"].downtime, 0, 0)
    assert_range(found["api-server-kill"].degraded, 0.25, 1.25)
    assert_range(found["control-plane-power-loss"].degraded, 1.75, 2.75)
    assert_range(found["api-server-hang"].degraded, 1.75, 2.75)
    assert all(found[fault].downtime == Range(0, 0) for fault in ("api-server-kill", "control-plane-power-loss", "api-server-hang"))


def test_the_targets_of_the_fast_profile_are_met_in_the_worst_case(lab_home_topology: Topology) -> None:
    """What the project promises: 300 ms for power, 100 ms for a dead HAProxy, 50 ms for planned moves, 3 s for a hung one."""
    worst = {fault: prediction.downtime.high for fault, prediction in by_fault(lab_home_topology).items() if prediction.downtime}
    assert worst["power-loss"] <= 0.300
    assert max(worst["haproxy-stop"], worst["haproxy-kill"]) <= 0.100
    assert max(worst["reboot-holder"], worst["planned-switchover"]) <= 0.052
    assert worst["haproxy-hang"] <= 3.0


def test_the_steady_profile_waits_for_three_seconds_of_silence(build_edited: Build) -> None:
    found = by_fault(build_edited(("profile: fast", "profile: steady")))
    assert_range(found["power-loss"].downtime, 2.008, 3.032)
    assert_range(found["keepalived-kill"].downtime, 0, 0.05)
    assert_range(found["balancer-cut-from-control-plane"].downtime, 10.008, 16.312)


def test_version_2_counts_in_seconds_and_names_its_own_document(build_edited: Build) -> None:
    found = by_fault(build_edited(("profile: fast", "profile: fast, vrrp_version: 2")))
    assert_range(found["power-loss"].downtime, 2.008, 3.032)
    assert_range(found["haproxy-stop"].downtime, 0.008, 0.062)
    assert found["power-loss"].source.startswith("RFC 3768")
    assert found["balancers-partitioned"].source.startswith("RFC 3768")


def test_more_load_balancers_and_virtual_ips_are_predicted_for_their_worst_successor(build_edited: Build) -> None:
    """Priorities 254 - (balancer xor vip): the second in line for every virtual IP of five load balancers is 253 at least."""
    more = "".join(f"\n  lb-{number}: 192.168.1.{110 + number}" for number in (3, 4))
    vips = "vips: [192.168.1.110/24, 192.168.1.100/24, 192.168.1.99/24]"
    topology = build_edited(("lb-2: 192.168.1.112", "lb-2: 192.168.1.112" + more), ("vip: 192.168.1.110/24", vips))
    assert sorted(next_.priority for next_ in successors(topology)) == [253, 253, 253, 254, 254, 254]
    assert_range(by_fault(topology)["power-loss"].downtime, 0.141, 0.231)
    assert by_fault(topology)["failback"].downtime == REACTION
    assert "60 s after it is back" in by_fault(topology)["failback"].effect


def test_the_third_load_balancer_is_the_successor_where_it_is_second_in_line(build_edited: Build) -> None:
    """With virtual IP 2 of three load balancers, lb-3 is the first in line and lb-1 (252) the second."""
    vips = "vips: [192.168.1.110/24, 192.168.1.100/24, 192.168.1.99/24]"
    third = ("lb-2: 192.168.1.112", "lb-2: 192.168.1.112\n  lb-3: 192.168.1.113")
    slow = ("profile: fast", "profile: steady")
    topology = build_edited(third, slow, ("vip: 192.168.1.110/24", vips))
    assert min(next_.priority for next_ in successors(topology)) == 252
    assert_range(by_fault(topology)["haproxy-stop"].downtime, 2 / 256, 4 / 256 + 0.05)


def test_overridden_timers_count(build_edited: Build) -> None:
    timers = "profile: fast, second_chance: false, advert_interval: 0.5, watchdog_deadline: 2, check_fall: 3"
    found = by_fault(build_edited(("profile: fast", timers)))
    assert_range(found["power-loss"].downtime, 1.004, 1.526)
    assert_range(found["haproxy-hang"].downtime, 1.754, 2.306)
    assert_range(found["api-server-kill"].degraded, 0.5, 1.5)


def test_without_a_second_load_balancer_nothing_is_promised(build_edited: Build) -> None:
    found = by_fault(build_edited(("  lb-2: 192.168.1.112\n", "")))
    assert found["power-loss"].downtime is None
    assert "no second load balancer" in found["power-loss"].effect
    assert found["api-server-kill"].downtime == Range(0, 0)


def test_without_a_second_api_server_nothing_is_promised(build_edited: Build) -> None:
    found = by_fault(build_edited(("  master-2: 192.168.1.103\n  master-3: 192.168.1.105\n", "")))
    assert found["api-server-hang"].downtime is None
    assert_range(found["power-loss"].downtime, 0.141, 0.231)


# Milliseconds that drills of this project measured (docs/benchmarks.md).
MEASURED = {
    "reboot-holder": [11, 10, 10],
    "haproxy-stop": [10, 10, 11],
    "haproxy-kill": [80, 31, 71],
    "haproxy-hang": [971, 960, 1029],
    "power-loss": [221, 190, 150],
}


@pytest.mark.parametrize("fault", MEASURED)
def test_recorded_drills_agree(build_edited: Build, fault: str) -> None:
    """They were recorded before a hang cost less."""
    topology = build_edited(("profile: fast", "profile: fast, second_chance: false"))
    assert agrees(by_fault(topology)[fault], MEASURED[fault])


def test_agreement_is_of_the_median_and_ends_at_the_clients_resolution() -> None:
    prediction = Prediction("x", "x", Range(0.2, 0.3))
    assert agrees(prediction, [190.5])
    assert agrees(prediction, [309.5])
    assert not agrees(prediction, [189])
    assert not agrees(prediction, [311])
    assert agrees(prediction, [250, 251, 5000])
    assert not agrees(prediction, [250, 5000, 5001])
    assert not agrees(Prediction("x", "x", None), [1])


@pytest.mark.parametrize(
    ("edit", "restart"),
    [
        ("profile: fast", "500ms"),
        ("profile: steady", "3500ms"),
        ("profile: fast, vrrp_version: 2", "3500ms"),
        ("profile: fast, advert_interval: 0.2", "1000ms"),
    ],
)
def test_a_killed_keepalived_comes_back_after_its_peers_took_over(build_edited: Build, edit: str, restart: str) -> None:
    """Sooner, it would take the address away while the others still wait for its advertisements."""
    topology = build_edited(("profile: fast", edit))
    path = "/etc/systemd/system/keepalived.service.d/twinkeel.conf"
    drop_in = next(file.content for file in render(topology).hosts["lb-1"] if file.path == path)
    assert f"RestartSec={restart}\n" in drop_in
    silence = by_fault(topology)["power-loss"].downtime
    assert silence is not None
    assert vip_daemon_restart(topology) > silence.high


def test_a_dead_api_server_is_found_before_a_hung_load_balancer(build_edited: Build) -> None:
    """Detection before motion: the virtual IP must not move because of what a check would have found first."""
    # Where a move costs nothing (second_chance) it may come first.
    for profile in ("fast", "steady"):
        topology = build_edited(("profile: fast", f"profile: {profile}, second_chance: false"))
        found = by_fault(topology)
        degraded, hang = found["api-server-kill"].degraded, found["haproxy-hang"].downtime
        assert degraded is not None
        assert hang is not None
        assert degraded.high < hang.high
