"""Who is worked on when, who may take a virtual IP over, and who must not hear of it yet."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address

import pytest

from twinkeel.errors import HostError, UsageError
from twinkeel.plan.order import batches
from twinkeel.render.keepalived import CONFIG_PATH
from twinkeel.render.render import render
from twinkeel.render.vrrp_authentication import NONE
from twinkeel.support.events import Notice, TaskEnded, VipMoved, as_record
from twinkeel.topology.model import Topology
from twinkeel.vip.backend import LiveSettings
from twinkeel.vip.balancer_state import BalancerState
from twinkeel.vip.compatibility import incompatible_after_change, incompatible_now
from twinkeel.vip.keepalived.backend import KeepalivedBackend
from twinkeel.vip.keepalived.live_file import advert_intervals, handover_of, router_ids, vrrp_lines
from twinkeel.vip.switchover import Moves, check_names, decide

BACKEND = KeepalivedBackend()
VIP = ip_address("192.168.1.110")
OTHER = ip_address("192.168.1.120")
Build = Callable[..., Topology]


def seen(name: str, **more: object) -> BalancerState:
    """One that is fit, but for what is given; fields of its settings are given by their own names."""
    own = {"handover": "standby", "protocol": frozenset(), "peers": frozenset(), "authentication": NONE, "intervals": ()}
    own["router_ids"] = {}
    own |= {key: more.pop(key) for key in list(more) if key in own}
    fit = BalancerState(name, (), True, True, False, False, 3, LiveSettings(**own))  # type: ignore[arg-type]
    return replace(fit, **more)  # type: ignore[arg-type]


def observed(*found: BalancerState) -> dict[str, BalancerState]:
    return {each.name: each for each in found}


@pytest.mark.parametrize(
    ("found", "order"),
    [
        ((seen("a", holds=(VIP,)), seen("b")), (("b",), ("a",))),
        ((seen("a", holds=(VIP,)), seen("b"), seen("c"), seen("d")), (("b",), ("c", "d"), ("a",))),
        # A new one is no canary while there is a standby that can take over.
        ((seen("a", holds=(VIP,)), seen("b", vip_daemon=False), seen("c")), (("c",), ("b",), ("a",))),
        # Two holders: the one with less goes first, each by itself.
        ((seen("a", holds=(VIP, OTHER)), seen("b", holds=(ip_address("fd00::1"),))), (("b",), ("a",))),
        ((seen("a"), seen("b")), (("a",), ("b",))),
    ],
)
def test_standbys_first_a_canary_alone_then_each_holder(
    found: tuple[BalancerState, ...], order: tuple[tuple[str, ...], ...]
) -> None:
    assert batches([each.name for each in found], observed(*found)) == order


def test_who_hears_whom_follows_from_the_files(lab_home_topology: Topology, build_edited: Build) -> None:
    standby = lab_home_topology.load_balancers[1]
    texts = {name: {file.path: file.content for file in mine} for name, mine in render(lab_home_topology).hosts.items()}
    live, candidate = texts["lb-1"][CONFIG_PATH], texts["lb-2"][CONFIG_PATH]
    settings = BACKEND.read(live)
    assert settings.peers == {"192.168.1.112"}
    holder, same = seen("lb-1", holds=(VIP,), **vars(settings)), seen("lb-2", protocol=settings.protocol)
    assert not incompatible_after_change(BACKEND, standby, candidate, holder)
    assert incompatible_after_change(BACKEND, standby, candidate, seen("lb-1", holds=(VIP,), protocol=settings.protocol))
    assert not incompatible_now(BACKEND, standby, same, observed(holder))
    assert incompatible_now(BACKEND, standby, same, observed(seen("lb-1", holds=(VIP,), protocol=settings.protocol)))
    assert incompatible_now(BACKEND, standby, seen("lb-2"), observed(holder))
    assert not incompatible_now(BACKEND, standby, seen("lb-2"), observed(replace(holder, holds=())))
    other_id = candidate.replace("virtual_router_id ", "virtual_router_id 1")
    assert incompatible_after_change(BACKEND, standby, other_id, holder)
    other_interval = candidate.replace("advert_int 0.07", "advert_int 0.3")
    assert other_interval != candidate
    assert not incompatible_after_change(BACKEND, standby, other_interval, holder)


TWO = ("vip: 192.168.1.110/24", "vips: [192.168.1.110/24, 192.168.1.120/24]")


@pytest.mark.parametrize(("old", "new"), [((), (TWO,)), ((TWO,), ())], ids=["added", "taken away"])
def test_a_virtual_ip_that_only_one_has_does_not_make_them_deaf(
    build_edited: Build, old: tuple[tuple[str, str], ...], new: tuple[tuple[str, str], ...]
) -> None:
    """Kept aside, the standby could not take the new one, and the change was undone: none could be added to a live pair."""
    before, after = build_edited(*old), build_edited(*new)
    live, wanted = (
        {name: next(file.content for file in mine if file.path == CONFIG_PATH) for name, mine in render(each).hosts.items()}
        for each in (before, after)
    )
    holder = seen("lb-1", holds=(VIP,), **vars(BACKEND.read(live["lb-1"])))
    assert not incompatible_after_change(BACKEND, after.load_balancers[1], wanted["lb-2"], holder)
    assert not incompatible_now(
        BACKEND, after.load_balancers[1], seen("lb-2", **vars(BACKEND.read(wanted["lb-2"]))), observed(holder)
    )


def test_a_holder_in_whose_file_no_virtual_ip_is_found_is_not_heard(lab_home_topology: Topology) -> None:
    standby = lab_home_topology.load_balancers[1]
    candidate = next(file.content for file in render(lab_home_topology).hosts["lb-2"] if file.path == CONFIG_PATH)
    settings = vars(BACKEND.read(candidate)) | {"peers": frozenset({"192.168.1.112"}), "router_ids": {}}
    assert incompatible_after_change(BACKEND, standby, candidate, seen("lb-1", holds=(VIP,), **settings))


def test_router_ids_are_those_of_each_virtual_ip() -> None:
    text = """
    vrrp_instance one {
        virtual_router_id 51   # of both
        virtual_ipaddress { 192.168.1.110/24 dev eth0
            192.168.1.111 }
        virtual_ipaddress_excluded {
            FD00:0::1/64
        }
    }
    vrrp_instance two { virtual_router_id 52
        virtual_ipaddress {
            192.168.1.120/24
        }
    }
    """
    assert router_ids(text) == {"192.168.1.110": "51", "192.168.1.111": "51", "fd00::1": "51", "192.168.1.120": "52"}
    assert router_ids("") == {}


@pytest.mark.parametrize(
    ("own", "holders", "waits"),
    [(0.07, 1.0, False), (0.3, 1.0, False), (0.4, 1.0, True), (1.0, 0.07, True), (0.07, 0.2, True), (0.07, 0.22, False)],
)
def test_who_waits_for_three_short_intervals_would_not_wait_for_the_holders_next_word(
    lab_home_topology: Topology, own: float, holders: float, waits: bool
) -> None:
    standby = lab_home_topology.load_balancers[1]
    texts = {name: {file.path: file.content for file in mine} for name, mine in render(lab_home_topology).hosts.items()}
    live, candidate = (
        texts[name][CONFIG_PATH].replace("advert_int 0.07", f"advert_int {interval:g}")
        for name, interval in (("lb-1", holders), ("lb-2", own))
    )
    holder = seen("lb-1", holds=(VIP,), **vars(BACKEND.read(live)))
    assert incompatible_after_change(BACKEND, standby, candidate, holder) is not waits
    found = seen("lb-2", **vars(BACKEND.read(candidate)))
    assert incompatible_now(BACKEND, standby, found, observed(holder)) is not waits


def test_the_intervals_of_a_file() -> None:
    assert advert_intervals("vrrp_instance a {\n  advert_int 0.5\n}\nvrrp_instance b {\n  # advert_int 3\n  advert_int 2\n}\n") == (
        0.5,
        2.0,
    )
    assert advert_intervals("vrrp_instance a {\n}\n") == (1.0,)


def test_version_2_does_not_hear_another_interval() -> None:
    assert vrrp_lines("vrrp_version 2\nadvert_int 1\n") != vrrp_lines("vrrp_version 2\nadvert_int 2\n")
    assert vrrp_lines("advert_int 1\n") != vrrp_lines("advert_int 2\n")
    assert vrrp_lines("vrrp_version 3\nadvert_int 1\n") == vrrp_lines("vrrp_version 3\nadvert_int 2\n")


def test_the_way_to_move_it_follows_from_the_running_file(lab_home_topology: Topology) -> None:
    config = next(file.content for file in render(lab_home_topology).hosts["lb-1"] if file.path == CONFIG_PATH)
    assert handover_of(config) == "standby"
    assert handover_of(config.replace("/run/twinkeel/standby", "/run/x")) == "haproxy-down"
    assert handover_of("vrrp_instance of_another {}") == "stop"


def test_a_named_target_gets_it_while_the_others_stand_aside() -> None:
    found = observed(seen("a", holds=(VIP,)), seen("b"), seen("c"))
    assert decide(found, VIP, "c") == Moves({"a": (VIP,)}, ("b",))
    assert decide(found, VIP, None) == Moves({"a": (VIP,)}, ())
    assert decide(found, VIP, "a") is None


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (seen("b", haproxy=False), "HAProxy does not run there"),
        (seen("b", vip_daemon=False), "Keepalived does not run there"),
        (seen("b", down=True), "considers HAProxy down"),
        (seen("b", standby=True), "it is in standby"),
        (seen("b", servers_up=0), "it reaches no API server"),
    ],
)
def test_a_target_that_cannot_serve_is_refused(target: BalancerState, reason: str) -> None:
    for to in ("b", None):
        with pytest.raises(HostError, match=reason):
            decide(observed(seen("a", holds=(VIP,)), target), VIP, to)
    assert decide(observed(seen("a", holds=(VIP,)), target, seen("c")), VIP, None) is not None


def test_nobody_or_two_holders_and_an_older_keepalived_are_refused() -> None:
    with pytest.raises(HostError, match="no load balancer holds it"):
        decide(observed(seen("a"), seen("b")), VIP, None)
    with pytest.raises(HostError, match="a and b hold it"):
        decide(observed(seen("a", holds=(VIP,)), seen("b", holds=(VIP,))), VIP, None)
    with pytest.raises(HostError, match="know of no planned move"):
        decide(observed(seen("a", holds=(VIP,), handover="haproxy-down"), seen("b")), VIP, None)


def test_names_that_the_spec_does_not_have_are_refused(lab_home_topology: Topology) -> None:
    assert check_names(lab_home_topology, "lb-2", None) == VIP
    with pytest.raises(UsageError, match="no load balancer 'lb-9'"):
        check_names(lab_home_topology, "lb-9", None)
    with pytest.raises(UsageError, match="no virtual IP"):
        check_names(lab_home_topology, None, OTHER)


def test_events_become_plain_records() -> None:
    assert as_record(Notice("x")) == {"event": "note", "text": "x"}
    assert as_record(VipMoved("v", "a", "b", 0.1))["event"] == "vip-moved"
    assert as_record(TaskEnded("a", "t", True, 0.5)) == {
        "event": "task-ended",
        "host": "a",
        "task": "t",
        "changed": True,
        "seconds": 0.5,
    }
