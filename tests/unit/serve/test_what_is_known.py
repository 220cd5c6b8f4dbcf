"""What hosts said, each at its own time: who holds what since when, what moved, what it cost, what happened."""

import dataclasses
from typing import Any

import pytest

from twinkeel.serve.heard import ApiHeard, BalancerHeard, Claim, Outage
from twinkeel.serve.moves import Move, Moves
from twinkeel.serve.timeline import KEPT, Timeline, differences
from twinkeel.status.backends import Backend
from twinkeel.status.bgp_sessions import Session
from twinkeel.status.probe import NO_CA
from twinkeel.status.readyz import Readiness
from twinkeel.status.snapshot import ControlPlaneState, LoadBalancerState, Snapshot, VipState

VIP = "192.0.2.10"
READY, DEAD = Readiness("ready"), Readiness("unreachable", "no route to host")


@pytest.mark.parametrize(
    ("happens", "moves"),
    [
        ([("taken", "lb-1", 1)], []),
        ([("taken", "lb-1", 1), ("released", "lb-1", 2), ("taken", "lb-2", 2.5)], [("lb-1", "lb-2", 2.5, 0.5)]),
        # It came back to the same one.
        ([("taken", "lb-1", 1), ("released", "lb-1", 2), ("taken", "lb-1", 2.5)], []),
        # The other one took it first.
        ([("taken", "lb-1", 1), ("taken", "lb-2", 2.0), ("released", "lb-1", 2.1)], [("lb-1", "lb-2", 2.0, 0.0)]),
        # It died: nobody can say when it let go.
        ([("taken", "lb-1", 1), ("taken", "lb-2", 2.0), ("lost", "lb-1", 5)], [("lb-1", "lb-2", 2.0, None)]),
        ([("taken", "lb-1", 1), ("lost", "lb-1", 5), ("taken", "lb-2", 6)], [("lb-1", "lb-2", 6, None)]),
        # Only our connection was lost.
        ([("taken", "lb-1", 1), ("lost", "lb-1", 5), ("taken", "lb-1", 6)], []),
    ],
)
def test_a_move_and_for_how_long_nobody_had_it(
    happens: list[tuple[str, str, float]], moves: list[tuple[str, str, float, float | None]]
) -> None:
    known = Moves(VIP)
    for what, name, at in happens:
        known.lost(name) if what == "lost" else getattr(known, what)(name, at)
    assert list(known.known) == [Move(VIP, *each) for each in moves]


def state(name: str = "lb-1", vips: tuple[str, ...] = (VIP,), word: str = "", **more: object) -> LoadBalancerState:
    word = word or ("MASTER" if vips else "BACKUP")
    known = LoadBalancerState(name, word, "active", (Backend("cp-1", "UP"),), vips=vips)
    return dataclasses.replace(known, **more)  # type: ignore[arg-type]


def test_since_when_is_the_kernels_word_and_does_not_tremble() -> None:
    heard = BalancerHeard("lb-1", {VIP: Moves(VIP)}, 1000.0)
    assert heard.take(state(held_for={VIP: 600.0}), 1000.0)
    assert not heard.take(state(held_for={VIP: 600.7}), 1001.0)
    assert heard.claims[VIP] == Claim("lb-1", 400.0)
    # It went and came between two looks.
    heard.take(state(held_for={VIP: 0.5}), 1010.0)
    assert heard.claims[VIP].since == 1009.5


def test_a_host_that_says_no_ages_has_it_since_it_was_first_seen() -> None:
    heard = BalancerHeard("lb-1", {VIP: Moves(VIP)}, 0.0)
    for now in (10.0, 20.0, 30.0):
        heard.take(state(), now)
    assert heard.claims[VIP].since == 10.0


def test_a_host_that_does_not_answer_claims_nothing_and_its_last_sign_of_life_stays_known() -> None:
    heard = BalancerHeard("lb-1", {VIP: Moves(VIP)}, 0.0)
    heard.take(state(), 10.0)
    assert heard.take(state(vips=(), word="UNREACHABLE"), 20.0)
    assert (heard.claims, heard.heard_at, heard.turned_at, heard.polls, heard.failures) == ({}, 10.0, 20.0, 2, 1)


def test_an_outage_is_from_the_first_request_that_failed_to_the_next_good_one() -> None:
    heard = ApiHeard(VIP)
    for answer, began in [(READY, 1.0), (DEAD, 2.0), (DEAD, 2.0), (DEAD, 3.0), (READY, 4.5), (READY, 5.0)]:
        heard.take(answer, began)
    # The one that began at 2 was told of twice: late, and then failed.
    assert list(heard.outages) == [Outage(2.0, 4.5, 2)]
    assert (heard.asked, heard.failures) == (5, 2)
    assert heard.outage_near(12.0, 10.0) == Outage(2.0, 4.5, 2)
    assert heard.outage_near(20.0, 10.0) is None


def test_what_was_never_sent_is_no_outage() -> None:
    heard = ApiHeard(VIP)
    heard.take(NO_CA, 1.0)
    assert not heard.outages


def look(vip: VipState, *balancers: LoadBalancerState, ready: bool = True) -> Snapshot:
    return Snapshot((vip,), balancers, (ControlPlaneState("cp-1", ready, "" if ready else "/readyz answers 500"),))


def changed(before: Snapshot, after: Snapshot, last: str = "lb-1") -> list[tuple[str, str]]:
    return list(differences(before, after, {VIP: last}))


HELD = VipState(VIP, ("lb-1",), True)
NOBODY = VipState(VIP, (), False, "no route to host")


def test_a_failover_is_told_in_the_words_of_a_reader() -> None:
    first, second = state("lb-1"), state("lb-2", ())
    lost = changed(look(HELD, first, second), look(NOBODY, state("lb-1", ()), second))
    assert lost == [("bad", f"nobody holds {VIP}"), ("bad", f"the API does not answer through {VIP}: no route to host")]
    back = changed(look(NOBODY, state("lb-1", ()), second), look(VipState(VIP, ("lb-2",), True), state("lb-1", ()), state("lb-2")))
    assert back == [("good", f"{VIP} moved from lb-1 to lb-2"), ("good", f"the API answers through {VIP}")]


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (state(word="FAULT", vips=()), [("warn", "lb-1 keepalived considers HAProxy down")]),
        (state(word="STANDBY", vips=()), [("warn", "lb-1 is in standby and takes no virtual IP")]),
        # Nothing else of a host that cannot be reached is known.
        (
            state(word="UNREACHABLE", vips=(), haproxy="unreachable", backends=(), detail="no answer"),
            [("warn", "lb-1 cannot be reached: no answer")],
        ),
        (state(haproxy="failed"), [("warn", "lb-1: haproxy is failed")]),
        (state(backends=(Backend("cp-1", "DOWN", "L4CON"),)), [("warn", "lb-1: cp-1 is DOWN (its health check: L4CON)")]),
        (state(backends=(Backend("cp-1", "MAINT"),)), [("warn", "lb-1: cp-1 is MAINT")]),
        # On its way to DOWN, and often back.
        (state(backends=(Backend("cp-1", "UP 1/2"),)), []),
        (state(vips=(), word="BACKUP"), []),
    ],
)
def test_what_a_load_balancer_does(after: LoadBalancerState, told: list[tuple[str, str]]) -> None:
    assert changed(look(HELD, state()), look(HELD, after)) == told


# --- Where all announce the virtual IP.


def announcing(*names: str, ready: bool = True, balancers: tuple[LoadBalancerState, ...] = ()) -> Snapshot:
    found = look(VipState(VIP, names, ready, "" if ready else "no route to host"), *balancers)
    return dataclasses.replace(found, exclusive=False)


def test_each_that_begins_or_ends_to_announce_is_news_and_several_are_as_it_must_be() -> None:
    assert changed(announcing("lb-1", "lb-2"), announcing("lb-2")) == [("warn", f"lb-1 announces {VIP} no more")]
    assert changed(announcing("lb-2"), announcing("lb-1", "lb-2")) == [("good", f"lb-1 announces {VIP}")]
    assert changed(announcing("lb-2"), announcing(ready=False)) == [
        ("warn", f"lb-2 announces {VIP} no more"),
        ("bad", f"nobody announces {VIP}"),
        ("bad", f"the API does not answer through {VIP}: no route to host"),
    ]


def test_of_one_that_cannot_be_asked_nobody_says_that_it_announces_no_more() -> None:
    dead = state(word="UNREACHABLE", vips=(), haproxy="unreachable", backends=(), detail="no answer")
    after = announcing("lb-2", balancers=(dead,))
    assert changed(announcing("lb-1", "lb-2", balancers=(state(word="ANNOUNCING"),)), after) == [
        ("warn", "lb-1 cannot be reached: no answer")
    ]


UP, LOST = Session("10.0.0.1", "Established", 1, "up"), Session("10.0.0.1", "Active", 0, "down")


@pytest.mark.parametrize(
    ("after", "told"),
    [
        ({"word": "FAULT", "vips": (), "detail": "no API server is up"}, [("warn", "lb-1 announces nothing: no API server is up")]),
        ({"word": "WAITING", "vips": ()}, [("warn", "lb-1 came back after a failure, and waits before it announces")]),
        ({"word": "STANDBY", "vips": ()}, [("warn", "lb-1 is in standby and announces nothing")]),
        ({"word": "STOPPED", "vips": ()}, [("warn", "lb-1 announces nothing: frr or twinkeel-announce does not run")]),
        ({"sessions": (LOST,)}, [("warn", "lb-1: no BGP session with 10.0.0.1 (Active)")]),
        ({"sessions": (dataclasses.replace(UP, bfd="down"),)}, [("warn", "lb-1: BFD with 10.0.0.1 is down")]),
        ({"sessions": (dataclasses.replace(UP, announced=2),)}, []),
    ],
)
def test_what_one_that_announces_does(after: dict[str, Any], told: list[tuple[str, str]]) -> None:
    well = state(word="ANNOUNCING", sessions=(UP,))
    now = state(**{"word": "ANNOUNCING", "sessions": (UP,), **after})
    assert changed(announcing("lb-1", balancers=(well,)), announcing("lb-1", balancers=(now,))) == told
    assert not any(word in text for _, text in told for word in ("keepalived", "holds", "take over"))


def test_what_an_api_server_and_two_holders_are_told_as() -> None:
    assert changed(look(HELD, state()), look(HELD, state(), ready=False)) == [
        ("warn", "cp-1: the API server is not ready: /readyz answers 500")
    ]
    both = VipState(VIP, ("lb-1", "lb-2"), True)
    assert changed(look(HELD, state()), look(both, state())) == [("bad", f"{VIP} is held by lb-1 and lb-2 at the same time")]


def test_a_timeline_keeps_its_last_entries() -> None:
    timeline = Timeline()
    for number in range(KEPT + 50):
        timeline.add(float(number), "good", str(number))
    assert (len(timeline.entries), timeline.entries[0].text, timeline.number) == (KEPT, "50", KEPT + 50)
