"""From what arrived when to how long a backup heard nothing that it should have heard. Pure; lengths are in seconds.

Clocks of different machines are never compared: how late a packet is, is told by the earlier ones. A packet of slot n that arrives
at time t took t - n * period plus an offset that nobody knows; its delay is that minus the least of the last second.

It does not matter whether the sender was late, the network, or the receiver: a backup only knows that nothing comes.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from twinkeel.tune.recording import Recording

MICROSECOND = 1e-6
BLOCK = 0.1
"""The longest delay of each tenth of a second counts, so that one stall that delays ten packets is one event."""
WINDOW = 1.0


@dataclass(frozen=True)
class Delays:
    """One direction between two addresses, in one phase.

    `maxima` are the longest delays of each block of time, ascending. `longest_sent_late` is how late the packet of the longest one
    was sent: the rest of that delay is the network's and the receiver's. Of `sent` packets `lost` never arrived; two and more lost
    in a row are a delay, too.
    """

    phase: str
    sender: str
    receiver: str
    source: str
    target: str
    seconds: float
    maxima: tuple[float, ...]
    longest_sent_late: float
    sent: int
    lost: int

    @property
    def longest(self) -> float:
        """The longest delay of all; 0 for none."""
        return self.maxima[-1] if self.maxima else 0.0


def delays_of(recording: Recording) -> tuple[Delays, ...]:
    """Every direction in every phase, also those in which nothing arrived."""
    hosts = {router.source: router.host for router in recording.header.routers}
    pairs = dict.fromkeys((router.source, peer) for router in recording.header.routers for peer in router.peers)
    return tuple(
        _direction(recording, phase, source, target, hosts[source], hosts[target])
        for phase in recording.header.phases
        for source, target in pairs
    )


def sent_late(recording: Recording, phase: str, host: str) -> dict[int, float]:
    """How late each slot's packet was sent: the delay of a timer on that host."""
    lines = (line for line in recording.of("slots", phase) if line["host"] == host)
    return {line["first"] + place: late * MICROSECOND for line in lines for place, late in enumerate(line["late"])}


def _direction(recording: Recording, phase: str, source: str, target: str, sender: str, receiver: str) -> Delays:
    sent = sent_late(recording, phase, sender)
    arrivals = _arrivals(recording, phase, source, target, receiver)
    period = recording.header.period
    found = list(_delays(arrivals, period, sent))
    worst = max(found, key=lambda each: each[2], default=(0, 0.0, 0.0))
    lost = _lost(arrivals, sent)
    seconds = arrivals[-1][1] - arrivals[0][1] if arrivals else 0.0
    due = sum(1 for slot in sent if arrivals and arrivals[0][0] <= slot <= arrivals[-1][0])
    return Delays(
        phase,
        sender,
        receiver,
        source,
        target,
        seconds,
        tuple(sorted(_block_maxima(found))),
        sent.get(worst[0], 0.0),
        due,
        len(lost),
    )


def _arrivals(recording: Recording, phase: str, source: str, target: str, receiver: str) -> list[tuple[int, float]]:
    """Slot and time of every packet, each slot once, in the order of arrival."""
    times: dict[int, float] = {}
    for line in recording.of("heard", phase):
        if (line["host"], line["from"], line["to"]) == (receiver, source, target):
            for slot, at in zip(line["slots"], line["at"], strict=True):
                times.setdefault(slot, at * MICROSECOND)
    return list(times.items())


def _delays(arrivals: Sequence[tuple[int, float]], period: float, sent: Iterable[int]) -> Iterator[tuple[int, float, float]]:
    """Slot, time of arrival and delay of every packet."""
    known = frozenset(sent)
    recent: deque[tuple[int, float]] = deque()  # Ascending in both: the first is the least of the window.
    window = ceil(WINDOW / period)
    before: tuple[int, float] | None = None
    for slot, at in arrivals:
        took = at - slot * period
        while recent and recent[-1][1] >= took:
            recent.pop()
        recent.append((slot, took))
        while recent[0][0] < slot - window:
            recent.popleft()
        delay = took - recent[0][1]
        if before is not None and sum(each in known for each in range(before[0] + 1, min(slot, before[0] + window))) > 1:
            delay = max(delay, at - before[1] - period)
        yield slot, at, delay
        before = slot, at


def _lost(arrivals: Sequence[tuple[int, float]], sent: Iterable[int]) -> list[int]:
    """What was sent between the first and the last that arrived, and did not arrive."""
    heard = {slot for slot, _ in arrivals}
    if not heard:
        return []
    first, last = min(heard), max(heard)
    return [slot for slot in sent if first <= slot <= last and slot not in heard]


def _block_maxima(found: Iterable[tuple[int, float, float]]) -> Iterable[float]:
    blocks: dict[int, float] = defaultdict(float)
    for _, at, delay in found:
        blocks[int(at / BLOCK)] = max(blocks[int(at / BLOCK)], delay)
    return blocks.values()
