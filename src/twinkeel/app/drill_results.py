"""Use cases about recorded trials: judge them anew, compare two runs; no host is asked."""

from pathlib import Path
from typing import Any

from twinkeel.drill.trial import Trial, read_trials
from twinkeel.report.summary import compare as compare_runs
from twinkeel.report.summary import summarize
from twinkeel.report.write import write_reports

__all__ = ["Trial", "compare", "write_reports"]


def compare(before: Path, after: Path) -> list[dict[str, Any]]:
    """Medians and maxima of the scenarios that two runs have in common, see `twinkeel.report.summary.compare`."""
    return compare_runs(summarize(read_trials(before)), summarize(read_trials(after)))
