"""The measured trials as values for a machine, and as a Markdown table for people."""

from collections.abc import Iterable
from typing import Any

from twinkeel.drill.trial import Trial

HEADINGS = ("scenario", "trial", "downtime ms", "budget ms", "failed / requests", "reconnect ms", "holder", "verdict")


def trial_object(trial: Trial) -> dict[str, Any]:
    """The documented JSON object of one trial; times in milliseconds, null where there is no measurement."""
    verdict = trial.verdict
    return {
        "scenario": trial.scenario,
        "trial": trial.number,
        "downtime_ms": verdict.downtime_ms,
        "requests": verdict.requests,
        "failed": verdict.failed,
        "reconnect_ms": verdict.reconnect_ms,
        "verdict": verdict.verdict,
        "holder_before": trial.holder_before,
        "holder_after": trial.holder_after,
        "budget_ms": verdict.budget_ms,
        "slowest_ms": verdict.slowest_ms,
        "no_holder_ms": trial.holding.no_holder_ms,
        "two_holders_ms": trial.holding.two_holders_ms,
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
        f"{trial.holder_before or '?'} -> {trial.holder_after or '?'}",
        verdict.verdict,
    )


def markdown(trials: Iterable[Trial]) -> str:
    """A table, and below it the reasons of every trial that did not pass."""
    known = tuple(trials)
    lines = [markdown_row(HEADINGS), markdown_row("---" for _ in HEADINGS), *(markdown_row(trial_cells(trial)) for trial in known)]
    reasons = [f"- {trial.scenario} {trial.number}: {reason}" for trial in known for reason in trial.verdict.reasons]
    return "\n".join([*lines, *(["", *reasons] if reasons else []), ""])


def markdown_row(cells: Iterable[str]) -> str:
    """One row of a Markdown table."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"
