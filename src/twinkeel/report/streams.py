"""What became of each stream beside the new connections: for a machine, as a table, and in sentences. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from twinkeel.drill.stream_results import StreamResult
from twinkeel.drill.streams import NEW
from twinkeel.drill.trial import Trial

STREAMS_CAPTION = (
    "Each cell: failed requests/connections that ended/longest wait in ms, since the fault; - means not measured. "
    "The HTTP/2 streams share one connection."
)


def stream_object(result: StreamResult) -> dict[str, Any]:
    """The documented JSON object of one stream."""
    return {
        "stream": result.kind.name,
        "requests": result.requests,
        "failed": result.failed,
        "connections_lost": result.connections_lost,
        "stall_ms": result.stall_ms,
        "errors": _counts(result.errors),
        "endings": _counts(result.endings),
        "served_again": result.served_again,
        "reason": result.reason,
    }


def _counts(counts: Mapping[str, int] | None) -> dict[str, int] | None:
    return None if counts is None else dict(counts)


def streams_table(trials: Sequence[Trial]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Headings, and a row for each trial; no rows where no trial kept up more than one connection."""
    kinds = {each.kind.name: each.kind.title for trial in trials for each in trial.streams if each.kind.name != NEW}
    if len(kinds) < 2:
        return (), []
    rows = []
    for trial in trials:
        known = {each.kind.name: each for each in trial.streams}
        cells = (_cell(known[name]) if name in known else "-" for name in kinds)
        rows.append((trial.scenario, str(trial.number), *cells))
    return ("scenario", "trial", *kinds.values()), rows


def _cell(result: StreamResult) -> str:
    if result.stall_ms is None:
        return "-"
    lost = "?" if result.connections_lost is None else str(result.connections_lost)
    return f"{result.failed}/{lost}/{result.stall_ms:.0f}"


def stream_remarks(results: Iterable[StreamResult]) -> tuple[str, ...]:
    """What a reader must know of streams that were not measured, or did not come back."""
    lines = []
    for each in results:
        if each.reason:
            lines.append(f"stream {each.kind.title}: not measured, {each.reason}")
        elif each.kind.name != NEW and not each.served_again:
            lines.append(f"stream {each.kind.title}: not served again by the end of the trial")
    return tuple(lines)


def periods_of(trials: Iterable[Trial]) -> str:
    """In words for a report: how often a new connection was made."""
    periods = sorted({trial.period_ms for trial in trials if trial.period_ms})
    return f"every {' or '.join(f'{period:g}' for period in periods)} ms" if periods else "again and again"


def asked_by(trials: Iterable[Trial]) -> str:
    """In words for a report: what new connections asked."""
    asked = dict.fromkeys((trial.asked, trial.identity) for trial in trials if trial.asked)
    shown = {"": "", "nothing": " without credentials"}
    return " or ".join(f"{path}{shown.get(identity, f' with a {identity}')}" for path, identity in asked) or "the API"
