"""What happened in one trial, moment by moment, from its history alone. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from twinkeel.drill.checker import served
from twinkeel.drill.history import MILLISECOND, Event, History, Request

_FEWEST = 2
"""So many requests that were not served, one after the other, are told as one moment with its end."""


@dataclass(frozen=True)
class Moment:
    """`ms` are milliseconds since the fault was injected; negative before."""

    ms: float
    what: str


def moments(history: History) -> tuple[Moment, ...]:
    """In the order of time; empty for a trial in which no fault was begun. Never raises."""
    fault = history.event("fault")
    if fault is None:
        return ()
    zero = (history.event("injected") or fault).at
    found = [*_events(history.events, fault.at), *_requests(history.requests, fault.at)]
    return tuple(Moment(round((at - zero) / MILLISECOND, 1), what) for at, what in sorted(found))


def _events(events: Sequence[Event], since: int) -> Iterator[tuple[int, str]]:
    for event in events:
        if event.at >= since and (what := _told(event)):
            yield event.at, what


def _told(event: Event) -> str:
    """In words; empty for what is no news here."""
    data = event.data
    match event.name:
        case "fault":
            return f"the drill begins to break {data.get('host')}"
        case "injected":
            return "broken"
        case "vip":
            return f"{data.get('host')} {'has' if data.get('held') else 'has no longer'} {data.get('address')}"
        case "vrrp":
            return f"{data.get('host')}: {data.get('state')} ({data.get('instance')})"
        case "node":
            return f"node {data.get('host')} is {'Ready' if data.get('ready') else 'not Ready'}"
        case "connection-lost":
            return f"the client's {data.get('connection')} connection ended: {data.get('error')}"
        case "watch-down":
            return "the watch ended"
        case "watch-up":
            return "the watch is up again"
        case "heal":
            return "the drill heals"
        case "healthy":
            return "the whole system is healthy"
    return ""


def _requests(requests: Sequence[Request], since: int) -> Iterator[tuple[int, str]]:
    """Runs of new connections that were not served, by when they were started."""
    asked = sorted((each for each in requests if each.stream == "new" and each.end >= since), key=lambda each: each.start)
    for good, group in groupby(asked, key=served):
        run = list(group)
        if good:
            continue
        errors = ", ".join(dict.fromkeys(each.error or "late" for each in run))
        if len(run) < _FEWEST:
            yield run[0].start, f"a new connection is not served ({errors})"
        else:
            yield run[0].start, f"new connections are not served from here on ({errors})"
            yield run[-1].start, f"the last of {len(run)} that are not served"
