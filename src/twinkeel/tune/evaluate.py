"""From delays to the advertisement interval that these machines bear. Pure.

A backup takes over when it hears nothing for 3 A + skew after an advertisement; the next one comes after A. So a false failover
needs a delay of more than 2 A + skew, whoever is to blame (RFC 9568, 6.1; `twinkeel.vrrp`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from twinkeel.errors import HostError
from twinkeel.tune.delays import Delays, delays_of
from twinkeel.tune.recording import Recording, Router
from twinkeel.tune.tail import Tail, fit_tail, longer_than, poisson_upper
from twinkeel.vip.daemons import VRRP_DAEMON
from twinkeel.vrrp import Range, master_down, takeover_after_silence

YEAR = 365.25 * 86400
# Shorter ones were never tried under load (docs/decisions/0009-timers.md), and announcing the virtual IP takes 0.02 s anyway.
CANDIDATES = {3: (*(n / 100 for n in range(2, 100)), *(n / 10 for n in range(10, 51))), 2: (1.0, 2.0, 3.0, 4.0, 5.0)}
SHOWN_INTERVALS = {3: (0.02, 0.03, 0.05, 0.07, 0.1, 0.2, 0.5, 1.0), 2: (1.0, 2.0, 3.0, 5.0)}


@dataclass(frozen=True)
class Choice:
    """One advertisement interval. Times are in seconds.

    `takeover` is what a loss of the holder costs, before the announcement; `allowed` how late an advertisement may be.
    `seen` counts the delays in the measurement that would have been a false failover. False failovers a year: `estimate` is the
    most likely figure and `bound` its upper limit (95 %), both None where the tail could not be told; `proven` is what the count
    alone excludes (95 %), whatever the delays are like.
    """

    interval: float
    takeover: Range
    allowed: float
    seen: int
    estimate: float | None
    bound: float | None
    proven: float


@dataclass(frozen=True)
class Direction:
    """What was found in one direction, and its tail; None where none could be told."""

    delays: Delays
    tail: Tail | None


@dataclass(frozen=True)
class Advertisements:
    """The VRRP daemon's own advertisements, as a backup heard them: how many intervals, and the longest time beyond one."""

    sender: str
    receiver: str
    vrid: int
    count: int
    longest_late: float


@dataclass(frozen=True)
class HostFacts:
    """How a host was measured in one phase; `busy` and `stolen` are shares of all its processors' time."""

    host: str
    phase: str
    scheduling: str
    vrrp_daemon: tuple[str, ...]
    busy: float
    stolen: float


@dataclass(frozen=True)
class Tuning:
    """The answer. `wished` is the number of false failovers a year that is put up with.

    `choices` has those of a table, `current` and `recommended` among them; `recommended` is None when no interval will do, or when
    nothing can be said. `seconds` is the shortest time that a direction was measured in one phase.
    """

    recording: Recording
    wished: float
    seconds: float
    directions: tuple[Direction, ...]
    hosts: tuple[HostFacts, ...]
    advertisements: tuple[Advertisements, ...]
    choices: tuple[Choice, ...]
    current: Choice
    recommended: Choice | None

    @property
    def too_short(self) -> bool:
        """Whether the interval in force is shorter than what these machines bear."""
        return self.recommended is None or self.current.interval < self.recommended.interval


def evaluate(recording: Recording, wished: float) -> Tuning:
    """What a measurement says of every interval.

    Raises:
        HostError: the measurement broke off on a host, or a direction is deaf: it says nothing of timers.
    """
    hosts = tuple(_hosts(recording))
    delays = delays_of(recording)
    _require_hearing(recording, delays)
    directions = tuple(Direction(each, fit_tail(each.maxima, each.seconds)) for each in delays)
    routers = recording.header.routers
    version, in_force = routers[0].version, routers[0].advert_interval
    known = {
        interval: _choice(interval, directions, routers) for interval in {*CANDIDATES[version], *SHOWN_INTERVALS[version], in_force}
    }
    recommended = next((known[one] for one in CANDIDATES[version] if _will_do(known[one], wished)), None)
    shown = {*SHOWN_INTERVALS[version], in_force, *([recommended.interval] if recommended else [])}
    return Tuning(
        recording,
        wished,
        min(each.delays.seconds for each in directions),
        directions,
        hosts,
        tuple(_advertisements(recording)),
        tuple(known[interval] for interval in sorted(shown)),
        known[in_force],
        recommended,
    )


def curve(tuning: Tuning) -> tuple[Choice, ...]:
    """Every interval, for a plot."""
    routers = tuning.recording.header.routers
    return tuple(_choice(interval, tuning.directions, routers) for interval in CANDIDATES[routers[0].version])


def _will_do(choice: Choice, wished: float) -> bool:
    return choice.bound is not None and choice.bound <= wished


def _require_hearing(recording: Recording, delays: Sequence[Delays]) -> None:
    for silent in (each for each in delays if not each.seconds):
        reports = recording.of("trouble", silent.phase)
        trouble = next((line["what"] for line in reports if (line["from"], line["to"]) == (silent.source, silent.target)), "")
        what = f"{silent.receiver} heard nothing from {silent.source}" + (
            f": {silent.sender} cannot send: {trouble}" if trouble else ""
        )
        hint = "`twinkeel preflight --only P031` says whether protocol 112 passes between them"
        raise HostError(what, where=f"{silent.sender} to {silent.receiver}", hint=hint)


def _choice(interval: float, directions: Sequence[Direction], routers: Sequence[Router]) -> Choice:
    """The worst of what each holder would come to, in the worst phase."""
    version = routers[0].version
    soonest = max(router.priority for router in routers)
    ranges = [takeover_after_silence(router.priority, interval, version) for router in routers]
    risks = [_risk(interval, one, routers) for one in _by_holder(directions)]
    estimates, bounds = [each.estimate for each in risks], [each.bound for each in risks]
    return Choice(
        interval,
        Range(min(each.low for each in ranges), max(each.high for each in ranges)),
        master_down(soonest, interval, version) - interval,
        max(each.seen for each in risks),
        None if None in estimates else max(each for each in estimates if each is not None),
        None if None in bounds else max(each for each in bounds if each is not None),
        max(each.proven for each in risks),
    )


@dataclass(frozen=True)
class _Risk:
    """False failovers of one holder: seen, and a year."""

    seen: int
    estimate: float | None
    bound: float | None
    proven: float


def _by_holder(directions: Sequence[Direction]) -> Iterator[list[Direction]]:
    """What goes out from one host in one phase: any of its backups may take over."""
    for key in dict.fromkeys((each.delays.phase, each.delays.sender) for each in directions):
        yield [each for each in directions if (each.delays.phase, each.delays.sender) == key]


def _risk(interval: float, outgoing: Sequence[Direction], routers: Sequence[Router]) -> _Risk:
    parts = [_one_way(interval, each, routers) for each in outgoing]
    estimates, bounds = [each.estimate for each in parts], [each.bound for each in parts]
    return _Risk(
        sum(each.seen for each in parts),
        None if None in estimates else sum(each for each in estimates if each is not None),
        None if None in bounds else sum(each for each in bounds if each is not None),
        sum(each.proven for each in parts),
    )


def _one_way(interval: float, direction: Direction, routers: Sequence[Router]) -> _Risk:
    delays, tail = direction.delays, direction.tail
    allowed = min(
        master_down(router.priority, interval, router.version) - interval
        for router in routers
        if router.source == delays.target and delays.source in router.peers
    )
    seen = longer_than(delays.maxima, allowed)
    counted, proven = seen / delays.seconds, poisson_upper(seen) / delays.seconds
    estimate: float | None = counted
    bound: float | None = proven
    if allowed >= delays.longest:
        lost_likely, lost_at_most = _lost_in_a_row(interval, allowed, delays)
        estimate = None if tail is None else tail.rate(allowed) + lost_likely
        # Never worse than what the count alone says.
        bound = None if tail is None else min(tail.bound(allowed) + lost_at_most, proven)
    return _Risk(seen, _a_year(estimate), _a_year(bound), proven * YEAR)


def _a_year(rate: float | None) -> float | None:
    return None if rate is None else rate * YEAR


def _lost_in_a_row(interval: float, allowed: float, delays: Delays) -> tuple[float, float]:
    """How often single losses, each for itself, take three advertisements in a row: likely and at most, a second.

    Two in a row do it as well when the third comes later than the skew. Where none was lost nothing is said of losses.
    """
    if not delays.lost:
        return 0.0, 0.0
    late = longer_than(delays.maxima, allowed - 2 * interval) / max(len(delays.maxima), 1)
    shares = delays.lost / delays.sent, poisson_upper(delays.lost) / delays.sent
    likely, at_most = ((share**3 + share**2 * late) / interval for share in shares)
    return likely, at_most


def _hosts(recording: Recording) -> Iterator[HostFacts]:
    header = recording.header
    for phase in header.phases:
        ends = {line["host"]: line for line in recording.of("end", phase)}
        starts = {line["host"]: line for line in recording.of("start", phase)}
        for host in dict.fromkeys(router.host for router in header.routers):
            start, end = starts.get(host), ends.get(host)
            if start is None or end is None:
                raise HostError(f"the measurement broke off (phase: {phase})", where=host, hint="measure again")
            yield HostFacts(host, phase, start["scheduling"], tuple(start[VRRP_DAEMON.unit]), end["busy"], end["stolen"])


def _advertisements(recording: Recording) -> Iterator[Advertisements]:
    """What was heard of each router of ours, by direction; lateness is against its interval in force."""
    routers = {(router.source, router.vrid): router for router in recording.header.routers}
    late: dict[tuple[str, str, int], list[float]] = {}
    for phase in recording.header.phases:
        heard: dict[tuple[str, str, int], list[int]] = {}
        for line in recording.of("advert", phase):
            heard.setdefault((line["from"], line["host"], line["vrid"]), []).extend(line["at"])
        for (source, receiver, vrid), at in heard.items():
            if router := routers.get((source, vrid)):
                gaps = [(after - before) / 1e6 for before, after in pairwise(at)]
                late.setdefault((router.host, receiver, vrid), []).extend(gap - router.advert_interval for gap in gaps)
    for (sender, receiver, vrid), found in late.items():
        yield Advertisements(sender, receiver, vrid, len(found), max(found, default=0.0))
