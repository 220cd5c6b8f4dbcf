"""Many trials as one line for each scenario: median, 95th percentile and maximum of what was measured. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from statistics import median
from typing import Any

from twinkeel.drill.checker import Answer
from twinkeel.drill.stream_results import StreamResult
from twinkeel.drill.trial import Trial

HEADINGS = ("scenario", "trials", "median ms", "p95 ms", "max ms", "budget ms", "failed / requests", "after a retry", "verdict")


@dataclass(frozen=True)
class Summary:
    """One scenario. Times are in milliseconds; None when no trial could be measured.

    `asked` are the paths that new connections asked. `streams` has, for each stream that was measured, `trials`, the sums of
    `requests`, `failed` and `connections_lost`, and the longest `stall_ms`.
    """

    scenario: str
    trials: int
    median_ms: float | None
    p95_ms: float | None
    max_ms: float | None
    budget_ms: float | None
    failed: int
    failed_after_retry: int
    requests: int
    verdict: Answer
    asked: tuple[str, ...] = ()
    streams: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def summarize(trials: Iterable[Trial]) -> tuple[Summary, ...]:
    """One summary for each scenario, in the order of their first trials."""
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        groups.setdefault(trial.scenario, []).append(trial)
    return tuple(_summary(scenario, group) for scenario, group in groups.items())


def _summary(scenario: str, trials: Sequence[Trial]) -> Summary:
    times = sorted(trial.verdict.downtime_ms for trial in trials if trial.verdict.downtime_ms is not None)
    return Summary(
        scenario=scenario,
        trials=len(trials),
        median_ms=median(times) if times else None,
        p95_ms=percentile(times, 0.95) if times else None,
        max_ms=times[-1] if times else None,
        budget_ms=trials[-1].verdict.budget_ms,
        failed=sum(trial.verdict.failed for trial in trials),
        failed_after_retry=sum(trial.verdict.failed_after_retry for trial in trials),
        requests=sum(trial.verdict.requests for trial in trials),
        verdict=worst(trial.verdict.verdict for trial in trials),
        asked=tuple(sorted({trial.asked for trial in trials if trial.asked})),
        streams=_streams(each for trial in trials for each in trial.streams if each.stall_ms is not None),
    )


def _streams(results: Iterable[StreamResult]) -> dict[str, dict[str, float]]:
    groups: dict[str, list[StreamResult]] = {}
    for each in results:
        groups.setdefault(each.kind.name, []).append(each)
    return {
        name: {
            "trials": len(group),
            "requests": sum(each.requests or 0 for each in group),
            "failed": sum(each.failed or 0 for each in group),
            "connections_lost": sum(each.connections_lost or 0 for each in group),
            "stall_ms": max(each.stall_ms or 0.0 for each in group),
        }
        for name, group in groups.items()
    }


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed (nearest rank). `ordered` is sorted and not empty."""
    return ordered[max(ceil(share * len(ordered)) - 1, 0)]


def worst(verdicts: Iterable[Answer]) -> Answer:
    """One fail makes a fail; else one unknown makes an unknown: a pass is never claimed that was not measured."""
    seen = set(verdicts)
    return "fail" if "fail" in seen else "unknown" if "unknown" in seen or not seen else "pass"


def cells(summary: Summary) -> tuple[str, ...]:
    """One cell for each of `HEADINGS`."""
    times = (summary.median_ms, summary.p95_ms, summary.max_ms, summary.budget_ms)
    return (
        summary.scenario,
        str(summary.trials),
        *("-" if value is None else f"{value:.0f}" for value in times),
        f"{summary.failed} / {summary.requests}",
        str(summary.failed_after_retry),
        summary.verdict,
    )


def compare(before: Sequence[Summary], after: Sequence[Summary]) -> list[dict[str, Any]]:
    """The scenarios of both runs side by side: medians, maxima, and how many times the first run's median the second's is."""
    first = {summary.scenario: summary for summary in before}
    rows = []
    for summary in after:
        other = first.get(summary.scenario)
        if other is None:
            continue
        known = other.median_ms is not None and summary.median_ms is not None and other.median_ms > 0
        rows.append(
            {
                "scenario": summary.scenario,
                "median_ms": [other.median_ms, summary.median_ms],
                "max_ms": [other.max_ms, summary.max_ms],
                "ratio": round((summary.median_ms or 0) / (other.median_ms or 1), 2) if known else None,
                "verdict": [other.verdict, summary.verdict],
                "asked": [list(other.asked), list(summary.asked)],
                "streams": _side_by_side(other, summary),
            }
        )
    return rows


def _side_by_side(before: Summary, after: Summary) -> dict[str, dict[str, list[float]]]:
    """The streams that both have: each figure of the first run and of the second."""
    both = [name for name in before.streams if name in after.streams]
    return {name: {key: [before.streams[name][key], after.streams[name][key]] for key in before.streams[name]} for name in both}
