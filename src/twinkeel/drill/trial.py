"""One trial as a person wants to see it, from its history alone."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from twinkeel.drill.checker import Verdict, evaluate
from twinkeel.drill.history import EVENTS_FILE, MILLISECOND, History, read_history
from twinkeel.drill.kubectl import milliseconds_of
from twinkeel.drill.stream_results import StreamResult, stream_results
from twinkeel.drill.vip_ownership import NOT_WATCHED, VipOwnership, vip_ownership
from twinkeel.drill.watch_verdict import WatchVerdict, watch_verdict
from twinkeel.errors import UsageError


@dataclass(frozen=True)
class Runs:
    """Real kubectl from the fault on: how many runs, how many failed, and the slowest that succeeded, in milliseconds."""

    runs: int
    failed: int
    slowest_ms: float | None


@dataclass(frozen=True)
class Trial:
    """What was tried, who held the virtual IP before and after, and the verdict.

    `nodes_not_ready`: nodes that were not Ready at some time after the fault. `left_out`: what was not measured, and why.
    `asked` is the path that new connections asked, `identity` what they showed; empty where the history does not say.
    `period_ms` is the time between two of them, in milliseconds; None where it does not say.
    """

    scenario: str
    number: int
    holder_before: str | None
    holder_after: str | None
    verdict: Verdict
    holding: VipOwnership = NOT_WATCHED
    watching: WatchVerdict | None = None
    kubectl: Runs | None = None
    nodes_not_ready: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    streams: tuple[StreamResult, ...] = ()
    asked: str = ""
    identity: str = ""
    period_ms: float | None = None


def trial_of(history: History) -> Trial:
    """The trial that a history tells of. Never raises."""
    scenario, number = history.value("trial", "scenario"), history.value("trial", "trial")
    probe = history.probe
    return Trial(
        scenario=scenario if isinstance(scenario, str) else "unknown",
        number=number if isinstance(number, int) else 0,
        holder_before=history.value("holder-before", "holder"),
        holder_after=history.value("holder-after", "holder"),
        verdict=evaluate(history),
        holding=vip_ownership(history),
        watching=watch_verdict(history),
        kubectl=_kubectl_of(history),
        nodes_not_ready=tuple(sorted(_not_ready(history))),
        left_out=tuple(str(event.data.get("what")) for event in history.events if event.name == "left-out"),
        streams=stream_results(history),
        asked=urlsplit(probe.target).path if probe else "",
        identity=probe.identity if probe else "",
        period_ms=probe.period / MILLISECOND if probe else None,
    )


def _kubectl_of(history: History) -> Runs | None:
    fault = history.event("fault")
    if fault is None or not any(request.stream == "kubectl" for request in history.requests):
        return None
    runs = [request for request in history.requests if request.stream == "kubectl" and request.end > fault.at]
    times = [milliseconds_of(request) for request in runs if not request.error]
    return Runs(len(runs), sum(bool(request.error) for request in runs), max(times, default=None))


def _not_ready(history: History) -> set[str]:
    fault = history.event("fault")
    reported = [event for event in history.events if event.name == "node" and event.data.get("ready") is False]
    return {str(event.data.get("host")) for event in reported if fault is not None and event.at > fault.at}


def read_trials(folder: Path) -> tuple[Trial, ...]:
    """Every trial below a folder that `twinkeel drill run` wrote, evaluated anew, in the order of their names.

    Raises:
        UsageError: there is none.
    """
    return tuple(trial_of(read_history(path)) for path in trial_folders(folder))


def trial_folders(folder: Path) -> tuple[Path, ...]:
    """The folders of those trials, in the order of their names. Raises UsageError when there is none."""
    found = sorted(path.parent for path in folder.glob(f"*/{EVENTS_FILE}"))
    if not found:
        raise UsageError(
            "this folder holds no trials", where=str(folder), hint="give the folder that `twinkeel drill run -o` wrote"
        )
    return tuple(found)
