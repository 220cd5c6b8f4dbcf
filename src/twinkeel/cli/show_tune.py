"""What `twinkeel tune` found, as text and as JSON."""

import json
import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from twinkeel.report.tune_words import HEADINGS, answer, cells, explained, measured

if TYPE_CHECKING:
    from twinkeel.app.tune import Direction, Tuning


WIDTH = 120


def as_text(tuning: "Tuning") -> str:
    """Everything for a person at a terminal; the last lines are for the spec."""
    header = tuning.recording.header
    parts = [
        f"{header.cluster}, {header.started}: a packet every {header.period * 1000:g} ms each way",
        *(f"  {line}" for line in measured(tuning)),
        "",
        "False failovers of the worst holder, by advertisement interval:",
        *_table(tuning),
        "",
        *textwrap.wrap(explained(tuning), WIDTH),
        "",
        answer(tuning),
    ]
    if tuning.recommended is not None:
        parts += ["", "failover:", f"  advert_interval: {tuning.recommended.interval:g}"]
    return "\n".join(parts)


def _table(tuning: "Tuning") -> list[str]:
    table = [HEADINGS, *(cells(each, tuning) for each in tuning.choices)]
    widths = [max(len(row[place]) for row in table) for place in range(len(HEADINGS) - 1)]
    return [
        "  " + "  ".join([*(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in table
    ]


def as_json(tuning: "Tuning") -> str:
    """One object; times are in seconds, rates in false failovers a year."""
    header = asdict(tuning.recording.header)
    return json.dumps(
        {
            **{key: header[key] for key in ("cluster", "started", "twinkeel", "period", "phases")},
            "seconds": round(tuning.seconds, 3),
            "wished_per_year": tuning.wished,
            "directions": [_direction(each) for each in tuning.directions],
            "hosts": [asdict(each) for each in tuning.hosts],
            "advertisements": [asdict(each) for each in tuning.advertisements],
            "choices": [asdict(each) for each in tuning.choices],
            "current": tuning.current.interval,
            "recommended": tuning.recommended.interval if tuning.recommended else None,
        }
    )


def _direction(direction: "Direction") -> dict[str, Any]:
    fields = {key: value for key, value in asdict(direction.delays).items() if key != "maxima"}
    return {**fields, "longest": direction.delays.longest, "tail": asdict(direction.tail) if direction.tail else None}
