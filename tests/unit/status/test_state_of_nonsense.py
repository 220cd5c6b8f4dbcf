"""What a load balancer may print instead of its state: it is then one that cannot be asked, and nothing ends."""

import json

import pytest

from twinkeel.status.load_balancer import state_of
from twinkeel.topology.model import Topology

GOOD = {"addresses": ["192.168.1.110"], "ages": {"192.168.1.110": 7.5}, "units": ["active", "active"], "down": "0", "standby": None}
GOOD |= {"lingering": None, "servers": "pxname,svname,status,check_status,check_code\n"}


def test_what_makes_sense_is_taken_with_its_age(lab_home_topology: Topology) -> None:
    state = state_of(json.dumps(GOOD), lab_home_topology.load_balancers[0])
    assert (state.vrrp_state, state.held_for) == ("MASTER", {"192.168.1.110": 7.5})


@pytest.mark.parametrize(
    "changed",
    [
        {"ages": {"192.168.1.110": "long"}},
        {"ages": 7},
        {"servers": "pxname,svname,status\nkubernetes-api,cp-1," + "x" * 200_000},
        {"addresses": ["here"]},
        {"addresses": None},
        {"units": 3},
        {"down": 0},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_what_makes_none_is_said(lab_home_topology: Topology, changed: dict[str, object]) -> None:
    state = state_of(json.dumps({**GOOD, **changed}), lab_home_topology.load_balancers[0])
    assert state.vrrp_state == "UNREACHABLE"
    assert "makes no sense" in state.detail
