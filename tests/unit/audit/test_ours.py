"""The figures beside an audited pair's are those of a default pair of ours, as `explain` predicts them."""

from pathlib import Path

import pytest

from twinkeel.audit.ours import default_outcomes
from twinkeel.audit.predict import API_FAULTS, FAULTS, title_of
from twinkeel.faults.prediction import Prediction
from twinkeel.source import SourceFile
from twinkeel.spec.load import load
from twinkeel.topology.build import build
from twinkeel.vip.predict import predict

# Two load balancers, three API servers; no timer is set. The names and addresses change no figure.
SPEC = """\
name: compared
domain: example.com
endpoint: {name: api.example.com, vip: 192.0.2.10/24}
load_balancers: {lb-1: 192.0.2.11, lb-2: 192.0.2.12}
control_plane: {one: 192.0.2.21, two: 192.0.2.22, three: 192.0.2.23}
"""
# Keepalived runs with --dont-respawn: when its VRRP part dies, all of it does.
SHOWN_BY = {"vrrp-process-kill": "keepalived-kill"}


@pytest.fixture(scope="module")
def predicted() -> dict[str, Prediction]:
    spec = load(SourceFile("twinkeel.yaml", SPEC)).spec
    assert spec is not None
    return {each.fault: each for each in predict(build(spec, Path()))}


@pytest.mark.parametrize("fault", [*FAULTS, *API_FAULTS])
def test_an_outcome_is_what_is_predicted(predicted: dict[str, Prediction], fault: str) -> None:
    outcome, prediction = default_outcomes()[fault], predicted[SHOWN_BY.get(fault, fault)]
    for told, known in ((outcome.downtime, prediction.downtime), (outcome.degraded, prediction.degraded)):
        assert (told is None) == (known is None)
        if told is not None and known is not None:
            assert (told.low, told.high) == pytest.approx((known.low, known.high), abs=1e-6)
    assert (outcome.end, outcome.effect) == ("heals", prediction.effect)
    # Of a daemon's death the audit tells what its files can know.
    assert outcome.title == (title_of(fault) if fault in FAULTS else prediction.title)


def test_there_are_no_others() -> None:
    assert default_outcomes().keys() == {*FAULTS, *API_FAULTS}
