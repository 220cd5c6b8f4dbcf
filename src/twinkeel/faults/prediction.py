"""What a prediction is, and when measured downtimes agree with it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from twinkeel.vrrp import Range

RESOLUTION = 0.01
"""How exact a drill is, in seconds: its client opens a new connection every 10 ms."""


@dataclass(frozen=True)
class Prediction:
    """One fault and what it costs.

    `downtime` is the longest time in which no new connection succeeds; None when nothing takes over. `degraded` is how long some
    new connections are slow or fail while others succeed; None when that does not happen. `effect` says what those connections see,
    or why there is no end.
    """

    fault: str
    title: str
    downtime: Range | None
    degraded: Range | None = None
    effect: str = ""
    formula: str = ""
    source: str = ""


def agrees(prediction: Prediction, measured_ms: Sequence[float], resolution: float = RESOLUTION) -> bool:
    """Whether the median of measured downtimes (milliseconds, one or more) lies within the predicted range.

    A median, because one trial in which the machine was busy with something else says nothing about the arithmetic. The range is
    widened by `resolution` (seconds) at both ends: a client that asks every 10 ms sees no edge sharper than that.
    """
    if prediction.downtime is None:
        return False
    middle = median(measured_ms) / 1000
    return prediction.downtime.low - resolution <= middle <= prediction.downtime.high + resolution
