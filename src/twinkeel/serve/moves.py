"""Virtual IPs that moved while somebody watched, and for how long nobody had them. No clock is read here."""

from collections import deque
from dataclasses import dataclass

KEPT = 20


@dataclass(frozen=True)
class Move:
    """`at` and `unheld` are in seconds; `unheld` is None where the load balancer that lost it could not say when (it died)."""

    vip: str
    source: str
    target: str
    at: float
    unheld: float | None


class Moves:
    """What load balancers say of one virtual IP, as it arrives here; the last `KEPT` moves of it."""

    def __init__(self, vip: str) -> None:
        self.vip = vip
        self.known: deque[Move] = deque(maxlen=KEPT)
        self._holder: str | None = None
        self._holding: set[str] = set()
        self._left: float | None = None

    def taken(self, name: str, at: float) -> None:
        """A load balancer says for the first time, or again, that it has it."""
        if name in self._holding:
            return
        self._holding.add(name)
        if self._holder is not None and self._holder != name:
            unheld = None if self._left is None else max(at - self._left, 0.0)
            # It let go after the other one had taken it, or its last word is still on the way: nobody was without.
            self.known.append(Move(self.vip, self._holder, name, at, unheld))
        self._holder, self._left = name, None

    def released(self, name: str, at: float) -> None:
        """A load balancer says that it has it no more."""
        if name not in self._holding:
            return
        self._holding.discard(name)
        last = self.known[-1] if self.known else None
        if not self._holding:
            self._left = at
        elif last is not None and last.source == name and last.unheld is None and at - last.at < OVERLAP:
            self.known[-1] = Move(last.vip, last.source, last.target, last.at, 0.0)
        if self._holder == name and self._holding:
            self._holder = min(self._holding)

    def lost(self, name: str) -> None:
        """A load balancer fell silent: when it let go, if it did, is not known."""
        self._holding.discard(name)


OVERLAP = 3.0
"""Seconds within which a release that is heard after the other's take belongs to the same move."""
