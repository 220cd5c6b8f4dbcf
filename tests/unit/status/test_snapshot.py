"""From what was seen to healthy or not, and to the documented JSON."""

from dataclasses import replace
from typing import Any

import pytest

from twinkeel.status.backends import Backend, parse_stat
from twinkeel.status.probe import vrrp_state
from twinkeel.status.snapshot import ControlPlaneState, LoadBalancerState, Snapshot, VipState, as_json

UP = (Backend("master-1", "UP"), Backend("master-2", "UP"))
HOLDER = LoadBalancerState("lb-1", "MASTER", "active", UP)
STANDBY = LoadBalancerState("lb-2", "BACKUP", "active", UP)
GOOD = Snapshot(
    (VipState("192.168.1.110", ("lb-1",)),),
    (HOLDER, STANDBY),
    (ControlPlaneState("master-1", True), ControlPlaneState("master-2", True)),
    True,
)


def test_the_documented_object() -> None:
    backends = [{"name": "master-1", "status": "UP"}, {"name": "master-2", "status": "UP"}]
    assert as_json(GOOD) == {
        "healthy": True,
        "vips": [{"address": "192.168.1.110", "holders": ["lb-1"]}],
        "load_balancers": [
            {"name": "lb-1", "vrrp_state": "MASTER", "haproxy": "active", "backends": backends},
            {"name": "lb-2", "vrrp_state": "BACKUP", "haproxy": "active", "backends": backends},
        ],
        "control_plane": [{"name": "master-1", "ready": True}, {"name": "master-2", "ready": True}],
        "problems": [],
    }


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"vips": (VipState("192.168.1.110", ()),)}, "no load balancer holds 192.168.1.110"),
        ({"vips": (VipState("192.168.1.110", ("lb-1", "lb-2")),)}, "192.168.1.110 is held by lb-1 and lb-2 at the same time"),
        ({"load_balancers": (HOLDER, replace(STANDBY, vrrp_state="FAULT"))}, "lb-2: keepalived holds HAProxy for dead"),
        ({"load_balancers": (HOLDER, replace(STANDBY, vrrp_state="STOPPED"))}, "lb-2: keepalived does not run"),
        ({"load_balancers": (HOLDER, replace(STANDBY, haproxy="failed", backends=()))}, "lb-2: haproxy is failed"),
        ({"load_balancers": (HOLDER, replace(STANDBY, backends=()))}, "lb-2: HAProxy's state cannot be read"),
        ({"load_balancers": (HOLDER, replace(STANDBY, backends=(Backend("master-1", "DOWN"),)))}, "lb-2: master-1 is DOWN"),
        ({"load_balancers": (HOLDER, LoadBalancerState("lb-2", "UNREACHABLE", "unreachable", (), "gone"))}, "lb-2: gone"),
        ({"control_plane": (ControlPlaneState("master-1", False, "hung"),)}, "master-1: the API server is not ready: hung"),
        ({"endpoint_ready": False, "endpoint_detail": "late"}, "the API does not answer through the virtual IP: late"),
    ],
)
def test_each_problem_is_named_and_makes_it_unhealthy(change: dict[str, Any], problem: str) -> None:
    snapshot = replace(GOOD, **change)
    assert snapshot.problems == (problem,)
    assert not snapshot.healthy
    assert not snapshot.nobody_answered


def test_nobody_answered_only_when_no_host_did() -> None:
    lost = tuple(replace(each, vrrp_state="UNREACHABLE") for each in GOOD.load_balancers)
    assert not replace(GOOD, load_balancers=lost).nobody_answered
    assert replace(GOOD, load_balancers=lost, control_plane=(ControlPlaneState("master-1", False),)).nobody_answered


STAT = """\
# pxname,svname,qcur,status,weight
kubernetes-api,FRONTEND,,OPEN,
twinkeel-local,FRONTEND,,OPEN,
kubernetes-api,master-1,0,UP,1
kubernetes-api,master-2,0,DOWN 1/3,1
other,master-3,0,UP,1
kubernetes-api,BACKEND,0,UP,1
"""


def test_only_our_backends_servers_count() -> None:
    assert parse_stat(STAT) == (Backend("master-1", "UP"), Backend("master-2", "DOWN 1/3"))
    assert parse_stat("") == ()


@pytest.mark.parametrize(
    ("status", "up"), [("UP", True), ("UP 2/3", True), ("DOWN", False), ("MAINT", False), ("no check", False), ("", False)]
)
def test_up_is_haproxys_word(status: str, up: bool) -> None:
    assert Backend("master-1", status).up is up


@pytest.mark.parametrize(
    ("holds", "keepalived", "down", "state"),
    [
        (True, "active", False, "MASTER"),
        # A virtual IP that stayed on the interface counts: clients see it.
        (True, "failed", True, "MASTER"),
        (False, "active", False, "BACKUP"),
        (False, "active", True, "FAULT"),
        (False, "inactive", False, "STOPPED"),
    ],
)
def test_the_vrrp_state(holds: bool, keepalived: str, down: bool, state: str) -> None:
    assert vrrp_state(holds=holds, keepalived=keepalived, down=down) == state
