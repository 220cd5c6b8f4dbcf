"""An audit as SARIF 2.1.0, which code-scanning services read. Pure.

Source: OASIS, Static Analysis Results Interchange Format 2.1.0, section 3.
"""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from twinkeel.audit.audit import Audited, Found
from twinkeel.audit.rule import Rule
from twinkeel.liveconfig.words import Place

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def sarif(found: Sequence[Found], audited: Audited, rules: Sequence[Rule], version: str) -> dict[str, Any]:
    """One run with every rule; findings that are left out are there, suppressed in the source (a comment) or outside."""
    index = {rule.name: place for place, rule in enumerate(rules)}
    results = [_result(each, index) for each in found]
    for each, by in audited.suppressed:
        results.append({**_result(each, index), "suppressions": [{"kind": by.kind, "justification": by.reason}]})
    driver = {"name": "twinkeel audit", "version": version, "rules": [_rule(rule) for rule in rules]}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.name,
        "shortDescription": {"text": _sentence(rule.what)},
        "fullDescription": {"text": rule.why},
        "help": {"text": f"{rule.why}\n\nUse instead: {rule.fix}.\n\nSource: {rule.source}."},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {"versions": rule.versions},
    }


def _sentence(what: str) -> str:
    return f"{what[0].upper()}{what[1:]}"


def _result(found: Found, index: dict[str, int]) -> dict[str, Any]:
    finding = found.finding
    # One finding in several files of the same text is one result; the other files are related places.
    related = [(place, "the same here") for place in found.also] + list(finding.related)
    return {
        "ruleId": found.rule.name,
        "ruleIndex": index[found.rule.name],
        "level": LEVELS[found.rule.severity],
        "message": {"text": f"{finding.message}."},
        "locations": [_location(finding.place)],
        "relatedLocations": [
            {"id": number, **_location(place), "message": {"text": text}} for number, (place, text) in enumerate(related, 1)
        ],
    }


def _location(place: Place) -> dict[str, Any]:
    span = place.span
    region = {"startLine": span.line, "startColumn": span.column, "endColumn": span.column + span.length}
    return {"physicalLocation": {"artifactLocation": {"uri": _uri(place.source.name)}, "region": region}}


def _uri(name: str) -> str:
    host, remote, rest = name.partition(":/")
    if remote and "/" not in host:
        return f"file://{_authority(host)}/{quote(rest)}"
    path = PurePath(name)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


def _authority(host: str) -> str:
    """The host that a file lies on, as its URI has it (RFC 8089): without the port that SSH uses there."""
    if host.startswith("["):
        return f"{host.partition(']')[0]}]"
    return f"[{host}]" if host.count(":") > 1 else host.partition(":")[0]
