"""A trial that a client of 2026-11-29 recorded, which asked /readyz over new and one kept connection, is read as it was then."""

from pathlib import Path

from twinkeel.drill.history import read_history
from twinkeel.drill.trial import read_trials, trial_of
from twinkeel.report.streams import asked_by, streams_table
from twinkeel.report.trials import trial_object

FOLDER = Path(__file__).parent / "old_history"
WHAT_THEN_WAS_SHOWN = {
    "scenario": "haproxy-stop",
    "trial": 1,
    "downtime_ms": 120.2,
    "second_ms": 1.6,
    "requests": 117,
    "failed": 3,
    "failed_after_retry": 0,
    "reconnect_ms": 61.5,
    "verdict": "pass",
    "holder_before": "lb-1",
    "holder_after": "lb-2",
    "budget_ms": 300,
    "slowest_ms": 226.1,
    "no_holder_ms": 0.0,
    "two_holders_ms": 0.0,
    "watch_ms": 112.8,
    "watch_reconnect_ms": 104.8,
    "watch_told": 260,
    "watch_missed": 0,
    "watch_listed_again": False,
    "kubectl": None,
    "nodes_not_ready": [],
    "left_out": [],
    "reasons": [],
}


def test_every_figure_is_the_one_of_then() -> None:
    (trial,) = read_trials(FOLDER)
    told = trial_object(trial)
    assert {key: told[key] for key in WHAT_THEN_WAS_SHOWN} == WHAT_THEN_WAS_SHOWN


def test_what_it_asked_is_said_and_what_it_did_not_record_is_not_claimed() -> None:
    trial = trial_of(read_history(FOLDER / "001-haproxy-stop"))
    told = trial_object(trial)
    assert (told["asked"], told["identity"]) == ("/readyz", None)
    assert [each["stream"] for each in told["streams"]] == ["new", "kept"]
    assert [each["connections_lost"] for each in told["streams"]] == [None, None]
    assert streams_table([trial]) == ((), [])
    assert asked_by([trial]) == "/readyz"
