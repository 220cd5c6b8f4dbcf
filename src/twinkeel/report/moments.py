"""What happened in one trial, moment by moment, from its history alone. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from twinkeel.drill.checker import served
from twinkeel.drill.history import MILLISECOND, SECOND, Event, History, Request

_APART = SECOND // 2
"""Requests that were not served are told together until so much time (nanoseconds) passes without one."""


@dataclass(frozen=True)
class Moment:
    """`ms` are milliseconds since the drill began to break something; the command that does it takes its time."""

    ms: float
    what: str


def moments(history: History) -> tuple[Moment, ...]:
    """In the order of time; empty for a trial in which no fault was begun. Never raises."""
    fault = history.event("fault")
    if fault is None:
        return ()
    found = [*_events(history.events, fault.at), *_requests(history.requests, fault.at)]
    return tuple(Moment(round((at - fault.at) / MILLISECOND, 1), what) for at, what in sorted(found))


def _events(events: Sequence[Event], since: int) -> Iterator[tuple[int, str]]:
    for event in events:
        if event.at >= since and (what := _sentence(event)):
            yield event.at, what


def _sentence(event: Event) -> str:
    """In words; empty for what is no news here."""
    data = event.data
    match event.name:
        case "fault":
            return f"the drill begins to break {data.get('host')}"
        case "injected":
            return "the command that breaks it has ended"
        case "vip":
            return f"{data.get('host')} {'has' if data.get('held') else 'no longer has'} {data.get('address')}"
        case "vrrp":
            return f"{data.get('host')}: {data.get('state')} ({data.get('instance')})"
        case "node":
            return f"node {data.get('host')} is {'Ready' if data.get('ready') else 'not Ready'}"
        case "connection-lost":
            return f"the client's {data.get('connection')} connection ended: {data.get('error')}"
        case "watch-down":
            return "the watch closed"
        case "watch-up":
            return "the watch is re-established"
        case "heal":
            return "the drill heals"
        case "healthy":
            return "the whole system is healthy"
    return ""


def _requests(requests: Sequence[Request], since: int) -> Iterator[tuple[int, str]]:
    """Times in which new connections were not served, by when those were started."""
    asked = sorted((each for each in requests if each.stream == "new" and each.end >= since), key=lambda each: each.start)
    lost = [each for each in asked if not served(each)]
    edges = [0, *(at for at in range(1, len(lost)) if lost[at].start - lost[at - 1].start > _APART), len(lost)]
    for first, end in pairwise(edges):
        together = lost[first:end]
        if not together:
            continue
        errors = ", ".join(dict.fromkeys(each.error or "late" for each in together))
        if len(together) == 1:
            yield together[0].start, f"a new connection fails ({errors})"
            continue
        tried = sum(together[0].start <= each.start <= together[-1].start for each in asked)
        yield together[0].start, f"new connections fail from here on ({errors})"
        yield together[-1].start, f"the last new connection that fails; {len(together)} of {tried} since then"
