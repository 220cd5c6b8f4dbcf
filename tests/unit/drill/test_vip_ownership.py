"""Who held the virtual IP for how long, and the program that watches it on a host."""

import socket
import struct

from twinkeel.drill.history import MILLISECOND, Event, History
from twinkeel.drill.programs import host_events
from twinkeel.drill.vip_ownership import OwnershipInterval, VipOwnership, ownership_intervals, vip_ownership


def at(milliseconds: int, name: str, **data: object) -> Event:
    return Event(name, milliseconds * MILLISECOND, data)


def history(*events: Event) -> History:
    return History(None, (), events)


START = (at(0, "vip", host="lb-1", held=True), at(1, "vip", host="lb-2", held=False), at(100, "fault", host="lb-1"))


def test_a_move_with_a_gap() -> None:
    seen = history(*START, at(110, "vip", host="lb-1", held=False), at(150, "vip", host="lb-2", held=True), at(400, "heal"))
    assert vip_ownership(seen) == VipOwnership(no_holder_ms=40, two_holders_ms=0)


def test_two_holders() -> None:
    seen = history(*START, at(150, "vip", host="lb-2", held=True), at(170, "vip", host="lb-1", held=False), at(400, "heal"))
    assert vip_ownership(seen) == VipOwnership(no_holder_ms=0, two_holders_ms=20)


def test_a_host_that_is_gone_holds_nothing_since_it_was_last_heard() -> None:
    lost = Event("observer-lost", 900 * MILLISECOND, {"host": "lb-1", "heard": 105 * MILLISECOND})
    seen = history(*START, at(300, "vip", host="lb-2", held=True), lost)
    assert vip_ownership(seen) == VipOwnership(no_holder_ms=195, two_holders_ms=0)


def test_a_host_was_not_gone_before_it_told_what_it_holds() -> None:
    lost = Event("observer-lost", 900 * MILLISECOND, {"host": "lb-1", "heard": -1})
    seen = history(*START, at(300, "vip", host="lb-2", held=True), lost)
    assert vip_ownership(seen) == VipOwnership(no_holder_ms=200, two_holders_ms=0)


def test_without_a_watch_nothing_is_known() -> None:
    assert vip_ownership(history(at(100, "fault", host="lb-1"), at(400, "heal"))) == VipOwnership(None, None)


def test_spells_begin_when_every_load_balancer_has_been_seen() -> None:
    intervals = list(ownership_intervals(history(*START, at(150, "vip", host="lb-2", held=True), at(160, "heal"))))
    assert intervals == [
        OwnershipInterval(1 * MILLISECOND, 150 * MILLISECOND, ("lb-1",)),
        OwnershipInterval(150 * MILLISECOND, 160 * MILLISECOND, ("lb-1", "lb-2")),
    ]


def netlink(kind: int, address: str, family: int = socket.AF_INET) -> bytes:
    """A message as rtnetlink(7) draws it."""
    raw = socket.inet_pton(family, address)
    attribute = struct.pack("=HH", 4 + len(raw), host_events.IFA_ADDRESS) + raw
    body = struct.pack("=BBBBI", family, 24, 0, 0, 2) + attribute
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body


def test_the_kernels_messages_are_understood() -> None:
    packet = netlink(host_events.RTM_NEWADDR, "192.168.1.110") + netlink(host_events.RTM_DELADDR, "fd00:1::110", socket.AF_INET6)
    assert list(host_events.address_changes(packet)) == [("192.168.1.110", True), ("fd00:1::110", False)]
    assert list(host_events.address_changes(b"\0" * 40)) == []


def test_log_lines_of_the_daemons_are_understood(capsys: object) -> None:
    said: list[tuple[str, dict[str, object]]] = []
    original = host_events.log
    host_events.log = lambda kind, **data: said.append((kind, data))
    try:
        host_events.take_log("(api-192.168.1.110) Entering MASTER STATE")
        host_events.take_log("[WARNING]  (812) : Server kubernetes-api/master-1 is DOWN, reason: Layer4 connection problem")
        host_events.take_log("Starting Keepalived v2.2.7")
    finally:
        host_events.log = original
    assert said == [
        ("vrrp", {"instance": "api-192.168.1.110", "state": "MASTER"}),
        ("server", {"backend": "kubernetes-api", "server": "master-1", "state": "DOWN"}),
    ]
