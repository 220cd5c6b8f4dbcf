"""What `explain` predicts is what drills measure.

On a machine that does nothing else (TWINKEEL_TEST_QUIET=1 says so) the median of a few trials lies within the predicted range: see
docs/benchmarks.md. A busy machine makes downtimes longer, and never shorter: there the low end holds, and a wide upper one.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from labs import Lab, make_lab

from twinkeel.app.explain import predicted_faults
from twinkeel.faults.prediction import agrees
from twinkeel.source import SourceFile
from twinkeel.spec.load import load
from twinkeel.topology.build import build
from twinkeel.vrrp import Range

QUIET = os.environ.get("TWINKEEL_TEST_QUIET") == "1"
TRIALS = 3 if QUIET else 1
BUSY = 3.0  # Seconds that a busy machine may add.
FAULTS = (
    "planned-switchover",
    "haproxy-stop",
    "haproxy-kill",
    "haproxy-hang",
    "keepalived-kill",
    "vrrp-process-kill",
    "power-loss",
)


@pytest.fixture(scope="module")
def applied(small_spec: Path) -> Iterator[Lab]:
    """Two load balancers before one real API server."""
    for lab in make_lab("test-predict", small_spec):
        ended = lab.run("operator", ["twinkeel", "apply"])
        assert ended.returncode == 0, ended.stdout + ended.stderr
        yield lab


@pytest.mark.parametrize("fault", FAULTS)
def test_the_median_of_measured_downtimes_is_within_the_predicted_range(applied: Lab, fault: str, tmp_path: Path) -> None:
    loaded = load(SourceFile("twinkeel.yaml", applied.paths.spec_file.read_text()))
    assert loaded.spec is not None
    prediction = next(each.prediction for each in predicted_faults(build(loaded.spec, tmp_path)) if fault in each.drills)
    ended = applied.drill(tmp_path, fault, "--trials", str(TRIALS), "--budget", "5000")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    measured = [json.loads(line)["downtime_ms"] for line in ended.stdout.splitlines()]
    assert len(measured) == TRIALS
    if not QUIET:
        assert prediction.downtime is not None
        busy = Range(prediction.downtime.low, prediction.downtime.high + BUSY)
        prediction = replace(prediction, downtime=busy)
    assert agrees(prediction, measured), f"{fault}: measured {measured} ms, predicted {prediction.downtime} s"
