"""One trial as a person wants to see it, from its history alone."""

from dataclasses import dataclass
from pathlib import Path

from twinkeel.drill.checker import Verdict, judge
from twinkeel.drill.history import EVENTS_FILE, History, read_history
from twinkeel.drill.holding import NOT_WATCHED, Holding, holding_of
from twinkeel.errors import UsageError


@dataclass(frozen=True)
class Trial:
    """What was tried, who held the virtual IP before and after, and the judgement."""

    scenario: str
    number: int
    holder_before: str | None
    holder_after: str | None
    verdict: Verdict
    holding: Holding = NOT_WATCHED


def trial_of(history: History) -> Trial:
    """The trial that a history tells of. Never raises."""
    scenario, number = history.value("trial", "scenario"), history.value("trial", "trial")
    return Trial(
        scenario=scenario if isinstance(scenario, str) else "unknown",
        number=number if isinstance(number, int) else 0,
        holder_before=history.value("holder-before", "holder"),
        holder_after=history.value("holder-after", "holder"),
        verdict=judge(history),
        holding=holding_of(history),
    )


def read_trials(folder: Path) -> tuple[Trial, ...]:
    """Every trial below a folder that `twinkeel drill run` wrote, judged anew, in the order of their names.

    Raises:
        UsageError: there is none.
    """
    found = sorted(path.parent for path in folder.glob(f"*/{EVENTS_FILE}"))
    if not found:
        raise UsageError(
            "this folder holds no trials", where=str(folder), hint="give the folder that `twinkeel drill run -o` wrote"
        )
    return tuple(trial_of(read_history(path)) for path in found)
