"""What became of each stream of requests in a trial: from its records alone. Pure.

A stream that was not answered well before the fault tells nothing of the fault: its figures are None, never 0.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twinkeel.drill.history import MILLISECOND, History, Request
from twinkeel.drill.streams import BY_NAME, NEW, StreamKind


@dataclass(frozen=True)
class StreamResult:
    """One stream from the fault on. All but `kind` and `reason` is None when nothing was measured; `reason` says why.

    `connections_lost` counts how often its connection ended other than by the client's will; None for new connections. Streams of
    one HTTP/2 connection share it. `stall_ms` is the longest time for which its user waited: for a small request, from its start
    (or from the start of the first that failed) to the next answer; for an upload or a long answer, from one sign of life to the
    next. `errors` counts failed requests by their class, `endings` connections by how they ended. `served_again`: whether the last
    request was answered.
    """

    kind: StreamKind
    requests: int | None = None
    failed: int | None = None
    connections_lost: int | None = None
    stall_ms: float | None = None
    errors: Mapping[str, int] | None = None
    endings: Mapping[str, int] | None = None
    served_again: bool | None = None
    reason: str = ""


def stream_results(history: History) -> tuple[StreamResult, ...]:
    """Every stream that the client was to keep up, in the order in which they are documented. Never raises."""
    fault = history.event("fault")
    if fault is None or history.probe is None:
        return ()
    known = bool(history.probe.identity)
    return tuple(
        _result(history, fault.at, kind, has_ends=known) for name, kind in BY_NAME.items() if name in history.probe.streams
    )


def _result(history: History, fault_at: int, kind: StreamKind, *, has_ends: bool) -> StreamResult:
    """`has_ends`: whether the client recorded connections that ended; older ones did not."""
    asked = sorted((each for each in history.requests if each.stream == kind.name), key=lambda each: each.start)
    before = [each for each in asked if each.end < fault_at]
    after = [each for each in asked if each.end >= fault_at]
    if not before or before[-1].error:
        reason = f"not served before the fault ({before[-1].error})" if before else "no request was answered before the fault"
        return StreamResult(kind, reason=reason)
    if not after:
        return StreamResult(kind, reason="no request ended after the fault")
    events = [event for event in history.events if event.name == "connection-lost" and event.at >= fault_at]
    ended = [str(event.data.get("error")) for event in events if event.data.get("connection") == kind.connection]
    return StreamResult(
        kind=kind,
        requests=len(after),
        failed=sum(bool(each.error) for each in after),
        connections_lost=len(ended) if has_ends and kind.name != NEW else None,
        stall_ms=round(_longest_stall(after) / MILLISECOND, 1),
        errors=Counter(each.error for each in after if each.error),
        endings=Counter(ended),
        served_again=not after[-1].error,
    )


def _longest_stall(asked: Sequence[Request]) -> int:
    """Of requests one after the other, or side by side as new connections are."""
    longest, since = 0, None
    for each in asked:
        if each.error:
            begun = each.end - each.waited if each.waited else each.start
            since = begun if since is None else since
            longest = max(longest, each.end - since)
        elif since is not None:
            longest = max(longest, (each.heard or each.end) - since)
            since = None
        longest = max(longest, 0 if each.error else each.waited or each.end - each.start)
    return longest
