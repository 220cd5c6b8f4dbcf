"""The measured trials as values for a machine, and as a Markdown table for people."""

from collections.abc import Iterable
from typing import Any

from twinkeel.drill.trial import Trial
from twinkeel.report.streams import STREAMS_CAPTION, stream_object, stream_remarks, streams_table

HEADINGS = ("scenario", "trial", "downtime ms", "budget ms", "failed / requests", "reconnect ms", "watch ms", "holder", "verdict")

# One lost request makes a gap of 10 ms, two one of 20 ms; on a machine that does something else besides, three are no news.
SECOND_OUTAGE_MS = 30


def trial_object(trial: Trial) -> dict[str, Any]:
    """The documented JSON object of one trial; times in milliseconds, null where there is no measurement."""
    verdict, watch = trial.verdict, trial.watching
    return {
        "scenario": trial.scenario,
        "trial": trial.number,
        "downtime_ms": verdict.downtime_ms,
        "second_ms": verdict.second_ms,
        "requests": verdict.requests,
        "failed": verdict.failed,
        "failed_after_retry": verdict.failed_after_retry,
        "reconnect_ms": verdict.reconnect_ms,
        "verdict": verdict.verdict,
        "holder_before": trial.holder_before,
        "holder_after": trial.holder_after,
        "budget_ms": verdict.budget_ms,
        "slowest_ms": verdict.slowest_ms,
        "no_holder_ms": trial.holding.no_holder_ms,
        "two_holders_ms": trial.holding.two_holders_ms,
        "watch_ms": watch.blind_ms if watch else None,
        "watch_reconnect_ms": watch.reconnect_ms if watch else None,
        "watch_told": watch.reported if watch else None,
        "watch_missed": watch.missed if watch else None,
        "watch_listed_again": watch.listed_again if watch else None,
        "kubectl": vars(trial.kubectl) if trial.kubectl else None,
        "nodes_not_ready": list(trial.nodes_not_ready),
        "left_out": list(trial.left_out),
        "asked": trial.asked or None,
        "identity": trial.identity or None,
        "period_ms": trial.period_ms,
        "streams": [stream_object(each) for each in trial.streams],
        "reasons": list(verdict.reasons),
    }


def trial_cells(trial: Trial) -> tuple[str, ...]:
    """One cell for each of `HEADINGS`."""
    verdict = trial.verdict
    return (
        trial.scenario,
        str(trial.number),
        _number(verdict.downtime_ms),
        _number(verdict.budget_ms),
        f"{verdict.failed} / {verdict.requests}",
        _number(verdict.reconnect_ms),
        _watch_cell(trial),
        f"{trial.holder_before or '?'} -> {trial.holder_after or '?'}",
        verdict.verdict,
    )


def markdown(trials: Iterable[Trial]) -> str:
    """A table, and below it what it cannot hold: remarks, and the reasons of every trial that did not pass."""
    known = tuple(trials)
    lines = [markdown_row(HEADINGS), markdown_row("---" for _ in HEADINGS), *(markdown_row(trial_cells(trial)) for trial in known)]
    reasons = [
        f"- {trial.scenario} {trial.number}: {remark}" for trial in known for remark in (*trial.verdict.reasons, *remarks(trial))
    ]
    headings, rows = streams_table(known)
    streams = ["", STREAMS_CAPTION, "", markdown_row(headings), markdown_row("---" for _ in headings), *map(markdown_row, rows)]
    return "\n".join([*lines, *(streams if rows else []), *(["", *reasons] if reasons else []), ""])


def remarks(trial: Trial) -> tuple[str, ...]:
    """A sentence for each thing that a reader should know and a table does not hold. None of them changes the verdict."""
    found = []
    second = trial.verdict.second_ms
    if second is not None and second > SECOND_OUTAGE_MS:
        found.append(f"there was a second outage, of {second:.0f} ms")
    nobody, two = trial.holding.no_holder_ms, trial.holding.two_holders_ms
    if max(nobody or 0, two or 0) >= 1:
        found.append(f"the virtual IP had no holder for {nobody or 0:.0f} ms and two for {two or 0:.0f} ms, as the hosts saw it")
    if trial.watching is not None and trial.watching.listed_again:
        found.append("the API could not go on with the watch from its last version: the objects were listed again")
    if trial.watching is not None and trial.watching.missed is None:
        found.append("whether the watch missed a change could not be found out")
    if trial.nodes_not_ready:
        found.append(f"not Ready for a time: {', '.join(trial.nodes_not_ready)}")
    if trial.kubectl is not None:
        slowest = "none succeeded" if trial.kubectl.slowest_ms is None else f"the slowest took {trial.kubectl.slowest_ms:.0f} ms"
        found.append(f"kubectl failed {trial.kubectl.failed} of {trial.kubectl.runs} times, {slowest}")
    return (*found, *stream_remarks(trial.streams), *(f"left out: {what}" for what in trial.left_out))


def _watch_cell(trial: Trial) -> str:
    """How long the watch was blind; 0 for one that never broke, - where there was none, or it did not come back."""
    watch = trial.watching
    if watch is None or not watch.up_after:
        return "-"
    return _number(watch.blind_ms or 0.0)


def markdown_row(cells: Iterable[str]) -> str:
    """One row of a Markdown table."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"
