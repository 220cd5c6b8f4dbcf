"""Use cases about recorded trials: evaluate them anew, compare two runs; no host is asked."""

from pathlib import Path
from typing import Any

from twinkeel.drill.history import read_history
from twinkeel.drill.trial import Trial, read_trials, trial_folders
from twinkeel.report.moments import Moment, moments
from twinkeel.report.summary import compare as compare_runs
from twinkeel.report.summary import summarize
from twinkeel.report.write import write_reports

__all__ = ["Moment", "Trial", "compare", "timelines", "write_reports"]


def timelines(folder: Path) -> dict[str, tuple[Moment, ...]]:
    """What happened in each trial below a folder of `twinkeel drill run`, by its own folder's name. Raises UsageError for none."""
    return {path.name: moments(read_history(path)) for path in trial_folders(folder)}


def compare(before: Path, after: Path) -> list[dict[str, Any]]:
    """Medians and maxima of the scenarios that two runs have in common, see `twinkeel.report.summary.compare`."""
    return compare_runs(summarize(read_trials(before)), summarize(read_trials(after)))
