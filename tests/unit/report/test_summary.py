"""Many trials as one line: nearest-rank percentiles, and no pass that was not measured."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinkeel.drill.checker import Answer, Verdict
from twinkeel.drill.stream_results import StreamResult
from twinkeel.drill.streams import BY_NAME
from twinkeel.drill.trial import Trial
from twinkeel.report.summary import compare, percentile, summarize, worst


def trial(scenario: str, downtime: float | None, verdict: Answer = "pass", failed: int = 1) -> Trial:
    return Trial(scenario, 1, "lb-1", "lb-2", Verdict(verdict, downtime, 100, failed, None, None, 50, ()))


def test_a_summary_has_the_figures_of_its_scenario_alone() -> None:
    power, stop = summarize([trial("power", 300), trial("stop", 10), trial("power", 200), trial("power", 250, "fail")])
    assert (power.scenario, power.trials, power.median_ms, power.max_ms, power.verdict) == ("power", 3, 250, 300, "fail")
    assert (power.failed, power.requests, power.budget_ms) == (3, 300, 50)
    assert (stop.median_ms, stop.verdict) == (10, "pass")


def test_a_trial_without_a_measurement_is_not_counted_as_zero() -> None:
    (summary,) = summarize([trial("power", None, "unknown"), trial("power", 200)])
    assert (summary.median_ms, summary.max_ms, summary.verdict) == (200, 200, "unknown")


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["pass", "pass"], "pass"),
        (["pass", "unknown"], "unknown"),
        (["unknown", "fail"], "fail"),
        ([], "unknown"),
    ],
)
def test_the_worst_verdict_counts(verdicts: list[Answer], expected: str) -> None:
    assert worst(verdicts) == expected


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1))
def test_a_percentile_is_a_value_that_enough_others_do_not_exceed(values: list[float], share: float) -> None:
    found = percentile(sorted(values), share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert sum(value < found for value in values) < share * len(values)


def test_two_runs_side_by_side() -> None:
    before, after = summarize([trial("power", 200), trial("gone", 1)]), summarize([trial("power", 300, "fail"), trial("new", 1)])
    assert compare(before, after) == [
        {
            "scenario": "power",
            "median_ms": [200, 300],
            "max_ms": [200, 300],
            "ratio": 1.5,
            "verdict": ["pass", "fail"],
            "asked": [[], []],
            "streams": {},
        }
    ]


def test_streams_that_both_runs_measured_are_compared() -> None:
    def with_streams(*results: StreamResult, asked: str) -> Trial:
        return replace(trial("power", 200), streams=results, asked=asked)

    kept, upload = (StreamResult(BY_NAME[name], 30, 1, 2, 104.5, {"reset": 1}, {"reset": 2}, True) for name in ("kept", "upload"))
    unknown = StreamResult(BY_NAME["upload"], reason="not served before the fault (http-403)")
    before = summarize(
        [with_streams(kept, upload, asked="/readyz"), with_streams(replace(kept, stall_ms=9.0), unknown, asked="/readyz")]
    )
    after = summarize([with_streams(kept, unknown, asked="/version")])
    (row,) = compare(before, after)
    assert row["asked"] == [["/readyz"], ["/version"]]
    assert row["streams"] == {
        "kept": {"trials": [2, 1], "requests": [60, 30], "failed": [2, 1], "connections_lost": [4, 2], "stall_ms": [104.5, 104.5]}
    }
