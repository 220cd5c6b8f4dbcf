"""An audit as workflow commands, which GitHub shows beside the lines. Pure."""

from collections.abc import Iterator, Sequence

from twinkeel.audit.audit import Found
from twinkeel.liveconfig.words import Place

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def github(found: Sequence[Found]) -> Iterator[str]:
    """A line for each place of each finding."""
    for each in found:
        for place in (each.finding.place, *each.also):
            yield _line(each, place)


def _line(found: Found, place: Place) -> str:
    span = place.span
    properties = {
        "file": place.source.name,
        "line": str(span.line),
        "col": str(span.column),
        # GitHub's last column is one that belongs to it.
        "endColumn": str(span.column + span.length - 1),
        "title": f"twinkeel {found.rule.name}",
    }
    attributes = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_COMMANDS[found.rule.severity]} {attributes}::{_data(f'{found.finding.message}. Use instead: {found.rule.fix}')}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
