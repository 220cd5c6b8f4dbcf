"""What a load balancer that announces tells: its sessions, its state, and the problems that follow."""

import json

import pytest

from twinkeel.status.announcer import announcer_state
from twinkeel.status.backends import Backend
from twinkeel.status.bgp_sessions import Session, heard_for, parse_bfd, parse_sessions
from twinkeel.status.load_balancer import state_of
from twinkeel.status.snapshot import LoadBalancerState, Snapshot, VipState, as_json
from twinkeel.topology.model import LoadBalancer, Topology

# As FRR 8.4.4 wrote it, shortened.
SUMMARY = {
    "ipv4Unicast": {
        "routerId": "192.168.1.111",
        "peers": {
            "192.168.1.1": {"remoteAs": 64500, "state": "Established", "pfxRcd": 0, "pfxSnt": 1},
            "192.168.1.2": {"remoteAs": 64500, "state": "Active", "pfxRcd": 0, "pfxSnt": 0},
        },
    },
    "ipv6Unicast": {"peers": {"fd00:1::1": {"state": "Established", "pfxSnt": 1}}},
}
BFD = [{"peer": "192.168.1.1", "status": "up"}, {"peer": "fd00:1::1", "status": "down"}]


def test_sessions_are_read_with_their_bfd() -> None:
    assert parse_sessions(json.dumps(SUMMARY), parse_bfd(json.dumps(BFD))) == (
        Session("192.168.1.1", "Established", 1, "up"),
        Session("192.168.1.2", "Active", 0, None),
        Session("fd00:1::1", "Established", 1, "down"),
    )


@pytest.mark.parametrize("text", ["", "{}", "% BGP instance not found", "[]"])
def test_what_tells_nothing_is_no_session(text: str) -> None:
    assert parse_sessions(text, parse_bfd(text)) == ()


def test_each_kind_of_address_must_be_heard_of() -> None:
    sessions = parse_sessions(json.dumps(SUMMARY), {})
    assert heard_for(sessions, (4, 6))
    assert not heard_for(sessions[:2], (4, 6))
    assert not heard_for((Session("192.168.1.1", "Established", 0),), (4,))
    assert not heard_for((Session("192.168.1.1", "Active", 1),), (4,))


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        ({"holds": True, "runs": True, "standby": False, "waits": False}, "ANNOUNCING"),
        ({"holds": True, "runs": False, "standby": False, "waits": False}, "STOPPED"),
        ({"holds": False, "runs": True, "standby": True, "waits": False}, "STANDBY"),
        ({"holds": False, "runs": True, "standby": False, "waits": True}, "WAITING"),
        ({"holds": False, "runs": True, "standby": False, "waits": False}, "FAULT"),
    ],
)
def test_one_word_for_each_state(seen: dict[str, bool], state: str) -> None:
    assert announcer_state(**seen) == state


MASTER = Backend("master-1", "UP", "L7OK")
UP = (Session("10.0.0.1", "Established", 1, "up"),)


def snapshot(*balancers: LoadBalancerState) -> Snapshot:
    holders = tuple(each.name for each in balancers if each.vrrp_state == "ANNOUNCING")
    return Snapshot((VipState("192.0.2.10", holders, ready=True),), balancers, (), exclusive=False)


def member(name: str, state: str = "ANNOUNCING", sessions: tuple[Session, ...] = UP, detail: str = "") -> LoadBalancerState:
    return LoadBalancerState(name, state, "active", (MASTER,), detail, sessions=sessions)


def test_all_of_them_may_announce() -> None:
    assert snapshot(member("lb-1"), member("lb-2"), member("lb-3")).problems == ()
    assert as_json(snapshot(member("lb-1")))["load_balancers"][0]["sessions"][0]["router"] == "10.0.0.1"


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (member("lb-2", "WAITING"), "or at once with `twinkeel undrain lb-2`"),
        (member("lb-2", "STANDBY"), "`twinkeel undrain lb-2` ends that"),
        (member("lb-2", "FAULT", detail="no API server is up"), "lb-2: it announces nothing: no API server is up"),
        (member("lb-2", "STOPPED"), "frr or twinkeel-announce does not run"),
        (member("lb-2", sessions=(Session("10.0.0.1", "Active", 0, "down"),)), "no BGP session with 10.0.0.1 (Active)"),
        (member("lb-2", sessions=(Session("10.0.0.1", "Established", 1, "down"),)), "BFD with 10.0.0.1 is down"),
        (member("lb-2", sessions=(Session("10.0.0.1", "Established", 0, "up"),)), "nothing is announced to 10.0.0.1"),
        (member("lb-2", sessions=()), "FRR reports no BGP session"),
    ],
)
def test_one_that_does_not_is_a_problem(bad: LoadBalancerState, said: str) -> None:
    (problem,) = snapshot(member("lb-1"), bad).problems
    assert said in problem


def test_nobody_announcing_is_a_problem() -> None:
    assert "no load balancer announces 192.0.2.10" in snapshot(member("lb-1", "STANDBY")).problems


def test_a_line_of_the_host_is_read(lab_home_topology: Topology) -> None:
    balancer = LoadBalancer(lab_home_topology.load_balancers[0].machine, ())
    said = {"vips": ["192.0.2.10"], "why": "serves", "until": None}
    told = {
        "addresses": ["127.0.0.1", "192.0.2.10"],
        "units": ["active", "active", "active"],
        "down": "0\n",
        "standby": "0\n",
        "lingering": None,
        "servers": "",
        "announce": json.dumps(said),
        "bgp": json.dumps(SUMMARY),
        "bfd": json.dumps(BFD),
    }
    state = state_of(json.dumps(told), balancer)
    assert (state.vrrp_state, state.vips, len(state.sessions)) == ("ANNOUNCING", ("192.0.2.10",), 3)
    waiting = told | {"addresses": [], "announce": json.dumps(said | {"until": 70, "why": "came back, and waits"})}
    assert state_of(json.dumps(waiting), balancer).vrrp_state == "WAITING"
    assert state_of(json.dumps(told | {"units": ["active", "inactive", "active"]}), balancer).vrrp_state == "STOPPED"
    bare = told | {"announce": None, "bgp": "", "bfd": "", "units": ["inactive"] * 3}
    assert state_of(json.dumps(bare), balancer).vrrp_state == "STOPPED"
