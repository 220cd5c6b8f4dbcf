"""What happened, out of one look after the other; the last entries of it. No clock is read here."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from twinkeel.status.snapshot import LoadBalancerState, Snapshot, VipState
from twinkeel.vip.daemons import VRRP_DAEMON

KEPT = 200
Level = Literal["bad", "warn", "good"]


@dataclass(frozen=True)
class Entry:
    """One line. `at` is in seconds of the monotonic clock; `number` grows by one with each entry of a page."""

    number: int
    at: float
    level: Level
    text: str


class Timeline:
    """The entries of one cluster, the last `KEPT`."""

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque(maxlen=KEPT)
        self.number = 0

    def add(self, at: float, level: Level, text: str) -> None:
        """One more."""
        self.number += 1
        self.entries.append(Entry(self.number, at, level, text))


Message = tuple[Level, str]


def differences(before: Snapshot, after: Snapshot, last_holder: Mapping[str, str]) -> Iterator[Message]:
    """What a reader wants to know of two looks at one cluster, what clients feel first.

    Args:
        last_holder: for each virtual IP who was the last to hold it alone.
    """
    for old, new in zip(before.vips, after.vips, strict=True):
        if old.holders != new.holders:
            last = last_holder.get(new.address)
            yield from [_of_holders(new, last, after.not_asked)] if after.exclusive else _of_announcers(old, new, after.not_asked)
        yield from _of_answers(old, new)
    for was, now in zip(before.load_balancers, after.load_balancers, strict=True):
        yield from _of_balancer(was, now, _STATES if after.exclusive else _ANNOUNCER_STATES)
    for one, other in zip(before.control_plane, after.control_plane, strict=True):
        if one.ready != other.ready:
            yield (
                ("good", f"{other.name}: the API server is ready")
                if other.ready
                else (
                    "warn",
                    f"{other.name}: the API server is not ready: {other.detail}",
                )
            )


def _of_answers(old: VipState, new: VipState) -> Iterator[Message]:
    if old.ready != new.ready:
        through = f"through {new.address}"
        yield ("good", f"the API answers {through}") if new.ready else ("bad", f"the API does not answer {through}: {new.detail}")


def _of_holders(vip: VipState, last: str | None, not_asked: tuple[str, ...]) -> Message:
    if not vip.holders:
        return ("warn", f"who holds {vip.address} is not known") if not_asked else ("bad", f"nobody holds {vip.address}")
    if len(vip.holders) > 1:
        return "bad", f"{vip.address} is held by {' and '.join(vip.holders)} at the same time"
    (holder,) = vip.holders
    return "good", f"{vip.address} moved from {last} to {holder}" if last not in (None, holder) else f"{holder} holds {vip.address}"


def _of_announcers(old: VipState, new: VipState, not_asked: tuple[str, ...]) -> Iterator[Message]:
    """All announce it: each that begins or ends is news. Of one that cannot be asked its own line tells."""
    for name in (name for name in old.holders if name not in new.holders and name not in not_asked):
        yield "warn", f"{name} announces {new.address} no more"
    for name in (name for name in new.holders if name not in old.holders):
        yield "good", f"{name} announces {new.address}"
    if not new.holders:
        yield ("warn", f"who announces {new.address} is not known") if not_asked else ("bad", f"nobody announces {new.address}")


# MASTER and BACKUP alone follow from who holds the virtual IP, which is told.
_QUIET = {"MASTER", "BACKUP"}
_STATES: Mapping[str, Message] = {
    "MASTER": ("good", "is back, and holds a virtual IP"),
    "BACKUP": ("good", "is ready to take over"),
    "STANDBY": ("warn", "is in standby and takes no virtual IP"),
    "FAULT": ("warn", f"{VRRP_DAEMON.unit} considers HAProxy down"),
    "STOPPED": ("warn", f"{VRRP_DAEMON.unit} does not run"),
}
_ANNOUNCER_STATES: Mapping[str, Message] = {
    "ANNOUNCING": ("good", "is well, and announces"),
    "WAITING": ("warn", "came back after a failure, and waits before it announces"),
    "STANDBY": ("warn", "is in standby and announces nothing"),
    "FAULT": ("warn", "announces nothing: {why}"),
    "STOPPED": ("warn", "announces nothing: frr or twinkeel-announce does not run"),
}


def _of_balancer(was: LoadBalancerState, now: LoadBalancerState, states: Mapping[str, Message]) -> Iterator[Message]:
    if was.vrrp_state != now.vrrp_state and {was.vrrp_state, now.vrrp_state} - _QUIET:
        level, what = states.get(now.vrrp_state, ("good", f"is {now.vrrp_state}"))
        what = what.format(why=now.detail or "it does not say why")
        if now.vrrp_state == "UNREACHABLE":
            level, what = "warn", f"cannot be reached: {now.detail}"
        yield level, f"{now.name} {what}"
    if "UNREACHABLE" in (was.vrrp_state, now.vrrp_state):
        return
    if was.haproxy != now.haproxy:
        yield ("good" if now.haproxy == "active" else "warn"), f"{now.name}: haproxy is {now.haproxy}"
    yield from _of_sessions(was, now)
    yield from _of_servers(was, now)


def _of_sessions(was: LoadBalancerState, now: LoadBalancerState) -> Iterator[Message]:
    before = {session.router: session for session in was.sessions}
    for session in now.sessions:
        old = before.get(session.router, session)
        if old.established != session.established:
            yield (
                ("good", f"{now.name}: the BGP session with {session.router} is established")
                if session.established
                else ("warn", f"{now.name}: no BGP session with {session.router} ({session.state})")
            )
        elif session.established and old.bfd != session.bfd:
            yield "good" if session.bfd == "up" else "warn", f"{now.name}: BFD with {session.router} is {session.bfd or 'off'}"


def _of_servers(was: LoadBalancerState, now: LoadBalancerState) -> Iterator[Message]:
    before = {server.name: server for server in was.backends}
    for server in now.backends:
        old = before.get(server.name)
        # "UP 1/2" is on its way to DOWN, and often back.
        if old is not None and (old.up, old.status.split()[:1]) != (server.up, server.status.split()[:1]):
            yield ("good", f"{now.name}: {server.name} is UP") if server.up else ("warn", f"{now.name}: {server.problem_of_api}")
