"""Use case: what is predicted of each fault, and which drills show it."""

from typing import NamedTuple

from twinkeel.drill.predicted import drills_of
from twinkeel.faults.prediction import Prediction
from twinkeel.topology.model import Topology
from twinkeel.vip.predict import predict


class PredictedFault(NamedTuple):
    """A prediction, and the scenarios of `twinkeel drill` that measure it; none where no drill does."""

    prediction: Prediction
    drills: tuple[str, ...]


def predicted_faults(topology: Topology) -> tuple[PredictedFault, ...]:
    """Every fault, those of load balancers first."""
    announced = topology.bgp is not None
    return tuple(PredictedFault(each, drills_of(each.fault, announced=announced)) for each in predict(topology))
