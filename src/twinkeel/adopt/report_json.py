"""An import as plain values with stable keys. Pure."""

from collections.abc import Sequence
from typing import Any

from twinkeel.adopt.adopt import Adopted
from twinkeel.adopt.difference import Difference, Differences
from twinkeel.adopt.notes import Left, SecretFound
from twinkeel.audit.report_json import place_json
from twinkeel.liveconfig.words import Place


def adopted_json(adopted: Adopted) -> dict[str, Any]:
    """spec (its text), assumed, not_carried and secrets. Lines and columns begin at 1; no secret is in it."""
    return {
        "spec": adopted.text,
        "assumed": [{"key": each.key, "value": each.value, "why": each.why, "option": each.option} for each in adopted.assumed],
        "not_carried": [_left(each) for each in adopted.left],
        "secrets": [_secret(each) for each in adopted.needed],
    }


def differences_json(found: Differences) -> dict[str, Any]:
    """better and different (lists of differences), mended and remaining (names of the audit's rules), and files (paths)."""
    return {
        "better": _list(found.better),
        "different": _list(found.merely),
        "mended": list(found.mended),
        "remaining": list(found.remaining),
        "files": list(found.files),
    }


def _left(left: Left) -> dict[str, Any]:
    places = [place_json(place) for place in left.also]
    fields = {"text": left.what, "effect": left.effect, "why": left.why, "instead": left.instead}
    return {**place_json(left.place), **fields, "also": places}


def _secret(secret: SecretFound) -> dict[str, Any]:
    return {
        "key": secret.key,
        "variable": secret.variable,
        "found": not secret.why,
        "why": secret.why,
        "place": _place(secret.place),
    }


def _list(found: Sequence[Difference]) -> list[dict[str, Any]]:
    return [
        {
            "before": each.before,
            "after": each.after,
            "rules": list(each.rules),
            "place": _place(each.place),
            "also": [place_json(place) for place in each.also],
        }
        for each in found
    ]


def _place(place: Place | None) -> dict[str, Any] | None:
    return place_json(place) if place else None
