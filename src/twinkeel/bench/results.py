"""What a bench came to: histories on disk, evaluated anew, a line for each configuration and fault. Pure but for reading files."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from twinkeel.bench.configurations import CONFIGURATIONS, Configuration
from twinkeel.drill.history import EVENTS_FILE, History, read_history
from twinkeel.drill.trial import Trial, trial_of
from twinkeel.drill.vip_ownership import ownership_intervals
from twinkeel.errors import UsageError

METADATA_FILE = "configuration.json"
COUNTED = ("api-server-stop", "api-server-kill", "control-plane-power-loss", "api-server-hang")
"""Faults behind the load balancers: clients lose single requests, so those are counted instead of a downtime."""


@dataclass(frozen=True)
class RunMetadata:
    """What was noted while a configuration was on: what checkers said of its files, why it was not measured to the end, and how
    many seconds a fault was given.
    """

    complaints: tuple[str, ...] = ()
    trouble: str = ""
    deadline: float = 0.0


@dataclass(frozen=True)
class Tried:
    """One trial, whether clients were still not served when its deadline was over, and whether the virtual IP was where the fault
    was meant for when it came.
    """

    trial: Trial
    gave_up: bool
    in_place: bool = True


@dataclass(frozen=True)
class Result:
    """One configuration and one fault. Times are in milliseconds, None when no trial could be measured.

    `never` counts trials in which clients were not served again within `deadline` seconds, `unknown` those that prove nothing
    (they are in no figure). `failed_median` and `failed_max` are failed requests a trial, on new connections.

    Of what the client had open when the fault came (kept, idle, uploads, long answers, HTTP/2, the watch): `broken_median` and
    `broken_max` are connections that ended a trial, `cut_median` and `cut_max` requests that failed on them. None where the client
    had nothing open.
    """

    configuration: str
    scenario: str
    trials: int
    unknown: int
    never: int
    deadline: float
    median_ms: float | None
    max_ms: float | None
    failed_median: float | None
    failed_max: int | None
    requests: int
    broken_median: float | None = None
    broken_max: int | None = None
    cut_median: float | None = None
    cut_max: int | None = None


@dataclass(frozen=True)
class Column:
    """One configuration's results, in the order in which its faults were tried."""

    configuration: Configuration
    note: RunMetadata
    results: tuple[Result, ...]


def write_metadata(folder: Path, note: RunMetadata) -> None:
    """Keep a configuration's note beside its histories."""
    (folder / METADATA_FILE).write_text(json.dumps(asdict(note), indent=2) + "\n", encoding="utf-8")


def read_metadata(folder: Path) -> RunMetadata:
    """The note; an empty one when the bench was killed before it was written, or it makes no sense."""
    try:
        stored = json.loads((folder / METADATA_FILE).read_text(encoding="utf-8"))
        return RunMetadata(tuple(stored["complaints"]), stored["trouble"], stored["deadline"])
    except (OSError, ValueError, KeyError, TypeError):
        return RunMetadata(trouble="the bench was broken off")


def read_columns(folder: Path) -> tuple[Column, ...]:
    """Every configuration below a folder that `twinkeel bench` wrote, in the registry's order.

    Raises:
        UsageError: there is none.
    """
    columns = tuple(_column(folder / each.id, each) for each in CONFIGURATIONS if (folder / each.id).is_dir())
    if not columns:
        raise UsageError("this folder holds no bench", where=str(folder), hint="give the folder that `twinkeel bench -o` wrote")
    return columns


def all_measured(columns: Sequence[Column]) -> bool:
    """Whether every configuration was measured to its end, and every trial proves something."""
    return all(not column.note.trouble and not any(result.unknown for result in column.results) for column in columns)


def _column(folder: Path, configuration: Configuration) -> Column:
    note = read_metadata(folder)
    groups: dict[str, list[Tried]] = {}
    for path in sorted(folder.glob(f"*/{EVENTS_FILE}")):
        history = read_history(path.parent)
        trial = trial_of(history)
        groups.setdefault(trial.scenario, []).append(Tried(trial, history.event("not-recovered") is not None, _in_place(history)))
    results = tuple(summarize(configuration.id, scenario, tried, note.deadline) for scenario, tried in groups.items())
    return Column(configuration, note, results)


def _in_place(history: History) -> bool:
    """Whether the virtual IP was still where it was looked up when the fault came; true when nobody watched."""
    fault, holder = history.event("fault"), history.value("holder-before", "holder")
    if fault is None:
        return False
    return all(holder in interval.holders for interval in ownership_intervals(history) if interval.start <= fault.at < interval.end)


def summarize(configuration: str, scenario: str, tried: Sequence[Tried], deadline: float) -> Result:
    """The figures of one cell. Trials whose verdict is unknown, or whose fault met another host, count as unknown alone."""
    known = [each for each in tried if each.in_place and each.trial.verdict.verdict != "unknown"]
    times = [each.trial.verdict.downtime_ms for each in known if each.trial.verdict.downtime_ms is not None]
    failed = [each.trial.verdict.failed for each in known]
    return Result(
        configuration=configuration,
        scenario=scenario,
        trials=len(tried),
        unknown=len(tried) - len(known),
        never=sum(each.gave_up for each in known),
        deadline=deadline,
        median_ms=median(times) if times else None,
        max_ms=max(times, default=None),
        failed_median=median(failed) if failed else None,
        failed_max=max(failed, default=None),
        requests=sum(each.trial.verdict.requests for each in known),
        **_established([each.trial for each in known]),
    )


def _established(trials: Sequence[Trial]) -> dict[str, Any]:
    """What became of connections that were open already; nothing where none was measured."""
    measured = [trial for trial in trials if any(each.connections_lost is not None for each in trial.streams)]
    if not measured:
        return {}
    broken, cut = [_broken(trial) for trial in measured], [_cut(trial) for trial in measured]
    return {"broken_median": median(broken), "broken_max": max(broken), "cut_median": median(cut), "cut_max": max(cut)}


def _broken(trial: Trial) -> int:
    """Streams of one HTTP/2 connection share it, and its end is counted once; so is the watch's, however often it broke."""
    ends = {each.kind.connection: each.connections_lost for each in trial.streams if each.connections_lost is not None}
    return sum(ends.values()) + (trial.watching is not None and trial.watching.blind_ms is not None)


def _cut(trial: Trial) -> int:
    return sum(each.failed or 0 for each in trial.streams if each.connections_lost is not None)
