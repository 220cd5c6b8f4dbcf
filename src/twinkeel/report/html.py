"""The report of a drill as one HTML file that opens without a network: table, distribution, and a time line for each scenario."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from twinkeel.drill.facts import RunFacts
from twinkeel.drill.faults.registry import FAULTS
from twinkeel.drill.history import EVENTS_FILE, read_history
from twinkeel.drill.trial import Trial, trial_of
from twinkeel.report.page import render_page
from twinkeel.report.streams import STREAMS_CAPTION, asked_by, periods_of, streams_table
from twinkeel.report.summary import HEADINGS, Summary, cells, summarize, worst
from twinkeel.report.timeline import Figure, distribution, timeline
from twinkeel.report.trials import HEADINGS as TRIAL_HEADINGS
from twinkeel.report.trials import remarks, trial_cells
from twinkeel.support.extras import require
from twinkeel.vip.daemons import VRRP_DAEMON


def render_html(folder: Path, facts: RunFacts) -> str:
    """The page for the trials below a folder that `twinkeel drill run` wrote. Every figure is evaluated anew.

    Args:
        facts: what was drilled; `facts.spec` is shown as it is, and must hold no secrets.

    Raises:
        UsageError: the folder holds no trials.
        ExtraMissingError: Plotly is not installed.
    """
    require("plotly")
    trials = {path.parent: trial_of(read_history(path.parent)) for path in sorted(folder.glob(f"*/{EVENTS_FILE}"))}
    summaries = summarize(trials.values())
    parts, figures = [], {"distribution": _distribution(trials.values(), summaries)}
    for number, summary in enumerate(summaries):
        path, trial = _worst_of(summary.scenario, trials)
        figure = timeline(read_history(path))
        parts.append(_part(f"plot-{number}", summary, trial))
        if figure is not None:
            figures[f"plot-{number}"] = figure
    stream_headings, stream_rows = streams_table(tuple(trials.values()))
    return render_page(
        "report.html.j2",
        figures,
        facts=facts,
        verdict=worst(summary.verdict for summary in summaries),
        headline=headline(summaries),
        headings=HEADINGS,
        rows=[cells(summary) for summary in summaries],
        trial_headings=TRIAL_HEADINGS,
        trial_rows=[trial_cells(trial) for trial in trials.values()],
        asked=asked_by(trials.values()),
        periods=periods_of(trials.values()),
        stream_headings=stream_headings,
        stream_rows=stream_rows,
        stream_caption=STREAMS_CAPTION,
        parts=parts,
        vrrp_daemon=VRRP_DAEMON.name,
    )


def headline(summaries: Sequence[Summary]) -> str:
    """The result in one sentence for a person who reads no further."""
    trials = sum(summary.trials for summary in summaries)
    bad = [summary.scenario for summary in summaries if summary.verdict == "fail"]
    unclear = [summary.scenario for summary in summaries if summary.verdict == "unknown"]
    count = f"{len(summaries)} scenario{'s' if len(summaries) != 1 else ''}, {trials} trial{'s' if trials != 1 else ''}: "
    if not bad and not unclear:
        return count + "every downtime was within its budget."
    parts = [f"over budget or not healed: {', '.join(bad)}"] if bad else []
    parts += [f"not measured well enough to say: {', '.join(unclear)}"] if unclear else []
    return count + "; ".join(parts) + "."


def _worst_of(scenario: str, trials: Mapping[Path, Trial]) -> tuple[Path, Trial]:
    """The trial that a reader wants to see: one that failed, else the longest downtime."""
    order = {"fail": 2, "unknown": 1, "pass": 0}
    some = [(path, trial) for path, trial in trials.items() if trial.scenario == scenario]
    return max(some, key=lambda entry: (order[entry[1].verdict.verdict], entry[1].verdict.downtime_ms or 0))


def _distribution(trials: Any, summaries: Sequence[Summary]) -> Figure:
    times: dict[str, list[float]] = {summary.scenario: [] for summary in summaries}
    for trial in trials:
        if trial.verdict.downtime_ms is not None:
            times[trial.scenario].append(trial.verdict.downtime_ms)
    return distribution(times, {summary.scenario: summary.budget_ms for summary in summaries})


def _part(identity: str, summary: Summary, trial: Trial) -> dict[str, Any]:
    fault = next((fault for fault in FAULTS if fault.id == summary.scenario), None)
    downtime = "not measured" if trial.verdict.downtime_ms is None else f"{trial.verdict.downtime_ms:.0f} ms"
    moved = f"{trial.holder_before or '?'} to {trial.holder_after or '?'}"
    return {
        "id": identity,
        "title": fault.title if fault else summary.scenario,
        "line": f"trial {trial.number}: {downtime}, virtual IP {moved}",
        "verdict": trial.verdict.verdict,
        "does": fault.does if fault else "",
        "expect": f"Expected: {fault.expect}" if fault else "",
        "reasons": (*trial.verdict.reasons, *remarks(trial)),
    }
