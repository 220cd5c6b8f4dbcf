"""From what was seen to healthy or not, and to the documented JSON."""

from dataclasses import replace
from typing import Any

import pytest

from twinkeel.cli.show_status import status_lines
from twinkeel.status.backends import Backend, parse_servers
from twinkeel.status.lingering import Lingering, parse_lingering
from twinkeel.status.load_balancer import vrrp_state
from twinkeel.status.probe import NO_CA, assemble
from twinkeel.status.readyz import Readiness
from twinkeel.status.snapshot import ControlPlaneState, LoadBalancerState, ServiceState, Snapshot, VipState, as_json
from twinkeel.topology.model import Topology

UP = (Backend("master-1", "UP"), Backend("master-2", "UP"))
ADDRESS = "192.168.1.110"
HOLDER = LoadBalancerState("lb-1", "MASTER", "active", UP, vips=(ADDRESS,))
STANDBY = LoadBalancerState("lb-2", "BACKUP", "active", UP)
GOOD = Snapshot(
    (VipState(ADDRESS, ("lb-1",), True),),
    (HOLDER, STANDBY),
    (ControlPlaneState("master-1", True), ControlPlaneState("master-2", True)),
)


def test_the_documented_object() -> None:
    backends = [{"name": "master-1", "status": "UP"}, {"name": "master-2", "status": "UP"}]
    assert as_json(GOOD) == {
        "healthy": True,
        "vips": [{"address": ADDRESS, "holders": ["lb-1"], "ready": True}],
        "load_balancers": [
            {
                "name": "lb-1",
                "vrrp_state": "MASTER",
                "vips": [ADDRESS],
                "haproxy": "active",
                "backends": backends,
                "services": [],
            },
            {"name": "lb-2", "vrrp_state": "BACKUP", "vips": [], "haproxy": "active", "backends": backends, "services": []},
        ],
        "control_plane": [{"name": "master-1", "ready": True}, {"name": "master-2", "ready": True}],
        "problems": [],
        "warnings": [],
    }


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"vips": (VipState(ADDRESS, (), True),)}, "no load balancer holds 192.168.1.110"),
        ({"vips": (VipState(ADDRESS, ("lb-1", "lb-2"), True),)}, "192.168.1.110 is held by lb-1 and lb-2 at the same time"),
        (
            {"vips": (*GOOD.vips, VipState("fd00::110", (), True))},
            "no load balancer holds fd00::110",
        ),
        (
            {"vips": (*GOOD.vips, VipState("fd00::110", ("lb-2",), False, "late"))},
            "the API does not answer through fd00::110: late",
        ),
        (
            {"load_balancers": (HOLDER, replace(STANDBY, vrrp_state="STANDBY"))},
            "lb-2: it is on standby and takes no virtual IP: `twinkeel apply` ends that, or echo 0 > /run/twinkeel/standby there",
        ),
        (
            {"load_balancers": (HOLDER, replace(STANDBY, backends=(Backend("master-1", "MAINT"),)))},
            "lb-2: master-1 is drained on purpose (MAINT): `twinkeel undrain master-1` puts it back",
        ),
        ({"load_balancers": (HOLDER, replace(STANDBY, vrrp_state="FAULT"))}, "lb-2: keepalived considers HAProxy down"),
        ({"load_balancers": (HOLDER, replace(STANDBY, vrrp_state="STOPPED"))}, "lb-2: keepalived does not run"),
        ({"load_balancers": (HOLDER, replace(STANDBY, haproxy="failed", backends=()))}, "lb-2: haproxy is failed"),
        ({"load_balancers": (HOLDER, replace(STANDBY, backends=()))}, "lb-2: HAProxy's state cannot be read"),
        ({"load_balancers": (HOLDER, replace(STANDBY, backends=(Backend("master-1", "DOWN"),)))}, "lb-2: master-1 is DOWN"),
        ({"load_balancers": (HOLDER, LoadBalancerState("lb-2", "UNREACHABLE", "unreachable", (), "gone"))}, "lb-2: gone"),
        ({"control_plane": (ControlPlaneState("master-1", False, "hung"),)}, "master-1: the API server is not ready: hung"),
        (
            {"control_plane": (ControlPlaneState("master-1", False, "no authority", known=False),)},
            "master-1: whether the API server is ready is not known: no authority",
        ),
        (
            {"vips": (VipState(ADDRESS, ("lb-1",), False, "no authority", known=False),)},
            "whether the API answers through 192.168.1.110 is not known: no authority",
        ),
        (
            {"vips": (VipState(ADDRESS, ("lb-1",), False, "late"),)},
            "the API does not answer through 192.168.1.110: late",
        ),
    ],
)
def test_each_problem_is_named_and_makes_it_unhealthy(change: dict[str, Any], problem: str) -> None:
    snapshot = replace(GOOD, **change)
    assert snapshot.problems == (problem,)
    assert not snapshot.healthy
    assert not snapshot.nobody_answered


def test_nothing_is_said_of_an_api_server_that_could_not_be_asked() -> None:
    seen = replace(GOOD, control_plane=(ControlPlaneState("master-1", False, "", known=False), ControlPlaneState("m-2", False)))
    assert [line.split("  ")[-1].strip() for line in status_lines(seen) if "API server" in line][:2] == [
        "API server not known",
        "[red]API server NOT READY[/]",
    ]


def test_what_nobody_could_ask_is_not_known(lab_home_topology: Topology) -> None:
    unasked = assemble(lab_home_topology, [], [NO_CA], [NO_CA] * 3)
    assert not any(each.known for each in (*unasked.vips, *unasked.control_plane))
    silent = assemble(lab_home_topology, [], [Readiness("unreachable")], [Readiness("unreachable")] * 3)
    assert all(each.known for each in (*silent.vips, *silent.control_plane))


def test_nobody_answered_only_when_no_host_did() -> None:
    lost = tuple(replace(each, vrrp_state="UNREACHABLE") for each in GOOD.load_balancers)
    assert not replace(GOOD, load_balancers=lost).nobody_answered
    assert replace(GOOD, load_balancers=lost, control_plane=(ControlPlaneState("master-1", False),)).nobody_answered


STAT = """\
# pxname,svname,qcur,status,weight
kubernetes-endpoint,FRONTEND,,OPEN,
twinkeel-local,FRONTEND,,OPEN,
kubernetes-api,master-1,0,UP,1
kubernetes-api,master-2,0,DOWN 1/3,1
kubernetes-api,BACKEND,0,UP,1
service.https,worker-1,0,UP,1
service.https,BACKEND,0,UP,1
"""


def test_servers_stand_under_their_backend() -> None:
    assert parse_servers(STAT) == {
        "kubernetes-api": (Backend("master-1", "UP"), Backend("master-2", "DOWN 1/3")),
        "service.https": (Backend("worker-1", "UP"),),
    }
    assert parse_servers("") == {}


def test_a_service_without_servers_is_a_warning_and_the_api_is_healthy() -> None:
    """An ingress may be installed long after the load balancers; a drill or an apply must not be refused for it."""
    service = ServiceState("https", (Backend("worker-1", "DOWN"), Backend("worker-2", "UP")))
    snapshot = replace(GOOD, load_balancers=(replace(HOLDER, services=(service,)), STANDBY))
    assert snapshot.healthy
    assert snapshot.warnings == ("lb-1: service https: worker-1 is DOWN",)
    refused = replace(service, backends=(Backend("worker-1", "DOWN", "L7STS/401"),))
    with_check = replace(GOOD, load_balancers=(replace(HOLDER, services=(refused,)), STANDBY))
    assert with_check.warnings == ("lb-1: service https: worker-1 is DOWN (its health check: L7STS/401)",), "nothing about /readyz"
    lines = "\n".join(status_lines(snapshot))
    assert "https: worker-1 DOWN, worker-2 UP" in lines
    assert "warning" in lines


def test_the_lines_name_every_virtual_ip_and_who_holds_what() -> None:
    both = replace(GOOD, vips=(*GOOD.vips, VipState("fd00::110", (), True)))
    lines = status_lines(both)
    assert lines[0] == f"virtual IP  {ADDRESS}: lb-1"
    assert lines[1] == "virtual IP  fd00::110: nobody"
    assert lines[2].endswith(f"master-1 UP, master-2 UP  holds {ADDRESS}")
    assert "healthy" not in lines[-1]
    assert status_lines(GOOD)[-1] == "[green]healthy[/]"


@pytest.mark.parametrize(
    ("status", "up"), [("UP", True), ("UP 2/3", True), ("DOWN", False), ("MAINT", False), ("no check", False), ("", False)]
)
def test_up_is_haproxys_word(status: str, up: bool) -> None:
    assert Backend("master-1", status).up is up


def test_standby_is_told_from_backup_but_not_from_what_is_worse() -> None:
    assert vrrp_state(holds=False, daemon="active", down=False, standby=True) == "STANDBY"
    assert vrrp_state(holds=True, daemon="active", down=False, standby=True) == "MASTER"
    assert vrrp_state(holds=False, daemon="active", down=True, standby=True) == "FAULT"


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
    assert vrrp_state(holds=holds, daemon=keepalived, down=down) == state


def test_who_still_serves_connections_of_a_virtual_ip_that_it_gave_away() -> None:
    told = b'{"virtual_ips": ["192.168.1.110"], "connections": 12, "seconds_left": 41, "before": {}}'
    lingering = parse_lingering(told)
    assert lingering == Lingering((ADDRESS,), 12, 41)
    snapshot = replace(GOOD, load_balancers=(HOLDER, replace(STANDBY, lingering=lingering)))
    assert snapshot.healthy
    first, second = as_json(snapshot)["load_balancers"]
    assert "lingering" not in first
    assert second["lingering"] == {"vips": [ADDRESS], "connections": 12, "seconds_left": 41}
    assert "lingers      for 192.168.1.110: 12 connections, 41 s at most" in "\n".join(status_lines(snapshot))


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"virtual_ips": ["a"], "connections": null, "seconds_left": null}'])
def test_a_note_that_says_nothing_yet_is_none(text: bytes) -> None:
    assert parse_lingering(text) is None


def test_who_holds_an_address_is_not_known_while_somebody_cannot_be_asked() -> None:
    lost = LoadBalancerState("lb-2", "UNREACHABLE", "unreachable", (), "gone")
    seen = replace(GOOD, vips=(VipState(ADDRESS, (), True),), load_balancers=(replace(HOLDER, vips=(), vrrp_state="BACKUP"), lost))
    assert f"who holds {ADDRESS} is not known: lb-2 could not be asked" in seen.problems
    assert status_lines(seen)[0].endswith(f"{ADDRESS}: not known")
