"""The predicted downtime per fault, as a person reads it."""

from twinkeel.app.explain import PredictedFault
from twinkeel.cli.text_layout import rows, seconds, span
from twinkeel.faults.prediction import Prediction
from twinkeel.faults.reactions import ANNOUNCEMENT, KILL_REACTION, REACTION

TITLE = "Predicted downtime for a client that opens new connections"
RETRANSMISSION = "TCP retries an unanswered connection attempt after 1 s: one started during an outage takes that long."


def predictions_text(predictions: tuple[PredictedFault, ...], width: int) -> str:
    """A line for each fault, and below it what it means and where the figure comes from; ends in a newline."""
    title_width = max(len(each.prediction.title) for each in predictions)
    blocks = [_block(*each, title_width, width) for each in predictions]
    return f"{TITLE}\n{''.join(blocks)}{_notes(width)}"


def _block(prediction: Prediction, drills: tuple[str, ...], title_width: int, width: int) -> str:
    below = [line for line in (prediction.effect, _formula(prediction), _drills(drills)) if line]
    head = rows([(prediction.title, downtime(prediction))], width, align=title_width)
    return head + rows([("  ", line) for line in below], width)


def downtime(prediction: Prediction) -> str:
    """The downtime in words: a range, none, or without an end."""
    if prediction.downtime is None:
        return "without an end"
    if prediction.degraded is not None:
        return f"none; marked down after {span(prediction.degraded)}"
    return span(prediction.downtime) if prediction.downtime.high else "none"


def _formula(prediction: Prediction) -> str:
    return f"= {prediction.formula} ({prediction.source})" if prediction.formula else ""


def _drills(drills: tuple[str, ...]) -> str:
    return f"drill: {', '.join(drills)}" if drills else ""


def _notes(width: int) -> str:
    measured = (
        f"Measured, not derived: reaction (hooks, switches) up to {seconds(REACTION.high)}, "
        f"to a kill {seconds(KILL_REACTION.high)}, announcement {seconds(ANNOUNCEMENT.high)}."
    )
    return rows([("", measured), ("", RETRANSMISSION)], width)
