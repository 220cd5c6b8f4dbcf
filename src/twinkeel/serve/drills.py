"""The last drills of each cluster and their downtimes, out of the folders that `twinkeel drill run` leaves."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinkeel.drill.facts import FACTS_FILE, read_facts

REPORT_FILE = "report.json"
KEPT = 12
LOOKED_AT = 20
LARGEST = 4 << 20


@dataclass(frozen=True)
class DrillResult:
    """One scenario in its last run: when that began (words for people), its verdict and its longest downtime of all trials.

    `moved` is from whom to whom the virtual IP went in the last trial; empty where it stayed.
    """

    scenario: str
    started: str
    trials: int
    downtime_ms: float | None
    budget_ms: float | None
    verdict: str
    moved: tuple[str, str] | tuple[()] = ()


class DrillFolder:
    """A folder of runs, read again only where something changed. A run may be under way, or broken off."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[Path, tuple[float, str, tuple[DrillResult, ...]]] = {}

    def last(self, cluster: str) -> tuple[DrillResult, ...]:
        """The last result of each scenario of that cluster, newest first."""
        found: dict[str, DrillResult] = {}
        for result in (result for path in self._newest() for result in self._results(path, cluster)):
            found.setdefault(result.scenario, result)
        return tuple(found.values())[:KEPT]

    def _newest(self) -> list[Path]:
        try:
            runs = [(path.stat().st_mtime, path) for path in self._folder.iterdir() if (path / REPORT_FILE).is_file()]
        except OSError:
            runs = []
        newest = [path for _, path in sorted(runs, reverse=True)]
        self._known = {path: known for path, known in self._known.items() if path in newest[:LOOKED_AT]}
        return newest[:LOOKED_AT]

    def _results(self, run: Path, cluster: str) -> tuple[DrillResult, ...]:
        try:
            stamp = (run / REPORT_FILE).stat().st_mtime
            if run not in self._known or self._known[run][0] != stamp:
                self._known[run] = (stamp, *_read(run))
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return ()
        _, name, results = self._known[run]
        return results if name == cluster else ()


def _read(run: Path) -> tuple[str, tuple[DrillResult, ...]]:
    """The cluster's name, and the results. Raises ValueError and its like for a report that makes no sense."""
    if (run / REPORT_FILE).stat().st_size > LARGEST:
        raise ValueError("too large")
    report = json.loads((run / REPORT_FILE).read_text(encoding="utf-8"))
    started = read_facts(run).started if (run / FACTS_FILE).is_file() else str(report["started"])
    trials = {str(trial["scenario"]): trial for trial in report["trials"]}
    return str(report["cluster"]), tuple(_result(summary, started, trials) for summary in report["summaries"])


def _result(summary: Mapping[str, Any], started: str, trials: Mapping[str, Mapping[str, Any]]) -> DrillResult:
    last = trials.get(summary["scenario"], {})
    before, after = last.get("holder_before"), last.get("holder_after")
    return DrillResult(
        scenario=str(summary["scenario"]),
        started=started,
        trials=int(summary["trials"]),
        downtime_ms=_number(summary["max_ms"]),
        budget_ms=_number(summary["budget_ms"]),
        verdict=str(summary["verdict"]),
        moved=(str(before), str(after)) if before and after and before != after else (),
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
