"""What one load balancer, and one place of the API, have said: when, and since when. No clock is read here.

Times are seconds of the monotonic clock; None for never.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from twinkeel.serve.moves import Moves
from twinkeel.status.probe import NO_CA
from twinkeel.status.readyz import Readiness
from twinkeel.status.snapshot import LoadBalancerState

SAME = 1.0
"""Seconds by which two tellings of one age may differ: each takes its own time to get here."""
KEPT = 20


@dataclass(frozen=True)
class Claim:
    """A load balancer says that it has a virtual IP: since when, by its own kernel."""

    name: str
    since: float


class BalancerHeard:
    """A load balancer: the virtual IPs that it says it has, and its last sign of life."""

    def __init__(self, name: str, moves: Mapping[str, Moves], now: float) -> None:
        self.name = name
        self.polls = self.failures = 0
        self.heard_at: float | None = None
        self.turned_at = now
        self.claims: dict[str, Claim] = {}
        self._moves = moves

    def take(self, state: LoadBalancerState, now: float) -> bool:
        """It answered, or did not. Whether it has other virtual IPs than before."""
        self.polls, self.turned_at = self.polls + 1, now
        before = self.claims
        if state.vrrp_state == "UNREACHABLE":
            self.failures += 1
            self.claims = {}
            for vip in before:
                self._moves[vip].lost(self.name)
            return bool(before)
        self.heard_at = now
        self.claims = {vip: self._claim(vip, state.held_for.get(vip), now) for vip in state.vips}
        for vip in self.claims.keys() - before.keys():
            self._moves[vip].taken(self.name, now)
        for vip in before.keys() - self.claims.keys():
            self._moves[vip].released(self.name, now)
        return before.keys() != self.claims.keys()

    def _claim(self, vip: str, seconds: float | None, now: float) -> Claim:
        known = self.claims.get(vip)
        since = now - max(seconds or 0.0, 0.0)
        # A kernel that says much less than before: the address went and came anew in between.
        if known is not None and (seconds is None or since - known.since < SAME):
            since = known.since
        return Claim(self.name, since)


@dataclass(frozen=True)
class Outage:
    """Requests failed: `since` is when the first of them was sent, `until` when the next good one was; None while it goes on."""

    since: float
    until: float | None
    failed: int


class ApiHeard:
    """A virtual IP's API, or an API server: how often it was asked, whether that could be done at all, and its last outages."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.asked = self.failures = 0
        self.sent = False
        self.outages: deque[Outage] = deque(maxlen=KEPT)
        self._began: float | None = None

    def take(self, answer: Readiness, began: float) -> None:
        """It answered what was asked at `began`, or did not. One request may be told of twice: late, and then failed."""
        again, self._began = began == self._began, began
        self.asked += not again
        self.failures += not answer.ready and not again
        if answer == NO_CA:
            # Nothing was sent.
            return
        self.sent = True
        last = self.outages[-1] if self.outages and self.outages[-1].until is None else None
        if answer.ready and last is not None:
            self.outages[-1] = Outage(last.since, max(began, last.since), last.failed)
        elif not answer.ready and last is None:
            self.outages.append(Outage(began, None, 1))
        elif not answer.ready and last is not None and not again:
            self.outages[-1] = Outage(last.since, None, last.failed + 1)

    def outage_near(self, at: float, within: float) -> Outage | None:
        """The longest outage that overlaps that time; one that goes on is the longest."""
        near = [each for each in self.outages if each.since <= at + within and (each.until is None or each.until >= at - within)]
        return max(near, key=lambda each: float("inf") if each.until is None else each.until - each.since, default=None)
