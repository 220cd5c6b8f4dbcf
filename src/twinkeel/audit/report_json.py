"""An audit as plain values with stable keys. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from twinkeel.audit.audit import Audited, Found
from twinkeel.audit.outcome import Outcome
from twinkeel.liveconfig.words import Place
from twinkeel.vrrp import Range


def findings_json(found: Sequence[Found], audited: Audited) -> dict[str, Any]:
    """findings, suppressed (each with its reason), and idle_suppressions. Lines and columns begin at 1."""
    return {
        "findings": [_finding(each) for each in found],
        "suppressed": [{**_finding(each), "reason": by.reason} for each, by in audited.suppressed],
        "idle_suppressions": [{**place_json(one.place), "message": why} for one, why in audited.idle],
    }


def predictions_json(outcomes: Sequence[Outcome], ours: Mapping[str, Outcome]) -> list[dict[str, Any]]:
    """One object a fault, with the same fault of a default pair under `twinkeel`. Times are [best, worst] in seconds."""
    return [
        {
            "fault": each.fault,
            "title": each.title,
            **_outcome(each),
            "twinkeel": _outcome(ours[each.fault]) if each.fault in ours else None,
        }
        for each in outcomes
    ]


def place_json(place: Place) -> dict[str, Any]:
    """A place: end_column is the first one after the text that is meant."""
    span = place.span
    return {"file": place.source.name, "line": span.line, "column": span.column, "end_column": span.column + span.length}


def _finding(found: Found) -> dict[str, Any]:
    finding = found.finding
    return {
        "rule": found.rule.name,
        "severity": found.rule.severity,
        "message": finding.message,
        **place_json(finding.place),
        "also": [place_json(place) for place in found.also],
        "related": [{**place_json(place), "message": text} for place, text in finding.related],
        "fix": found.rule.fix,
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "end": outcome.end,
        "downtime": _range(outcome.downtime),
        "degraded": _range(outcome.degraded),
        "effect": outcome.effect,
    }


def _range(time: Range | None) -> list[float] | None:
    return None if time is None else [round(time.low, 4), round(time.high, 4)]
