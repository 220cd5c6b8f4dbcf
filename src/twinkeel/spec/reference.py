"""The reference page of the spec (docs/spec.md), made from the JSON Schema, the rules and the timers. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from inspect import getdoc
from typing import Any

from twinkeel.spec.codes import CODES, RENDERED_CODES
from twinkeel.spec.failover_defaults import ADVERT_INTERVALS, TIMERS
from twinkeel.spec.reference_intro import CHECKS_INTRO, INTRO, PROFILES_INTRO
from twinkeel.spec.rules import RULES
from twinkeel.spec.schema import Node, described_schema


def reference() -> str:
    """The whole page, Markdown; the same bytes every time."""
    schema = described_schema()
    parts = [INTRO, *_sections(schema), PROFILES_INTRO, *_profiles(), CHECKS_INTRO, *_checks()]
    return "\n".join(parts) + "\n"


def _sections(schema: Node) -> Iterator[str]:
    """The top keys, then each mapping below them, in the order of the file."""
    yield "## The keys\n"
    yield from _table(schema)
    for name, paths in places(schema).items():
        node = schema["$defs"][name]
        yield f"\n### {', '.join(f'`{path}`' for path in paths)}\n"
        yield f"{node['description']}\n"
        yield from _table(node)


def places(schema: Node) -> Mapping[str, list[str]]:
    """Each mapping's name in the schema, with the paths at which it stands."""
    places: dict[str, list[str]] = {}

    def walk(node: Node, path: str) -> None:
        for key, value in node["properties"].items():
            for name, more in _mappings_in(value, ""):
                here = f"{path}{key}{more}"
                places.setdefault(name, []).append(here)
                walk(schema["$defs"][name], f"{here}.")

    walk(schema, "")
    return places


def _mappings_in(node: Node, more: str) -> Iterator[tuple[str, str]]:
    if "$ref" in node:
        yield node["$ref"].removeprefix("#/$defs/"), more
    for inner in node.get("anyOf", []):
        yield from _mappings_in(inner, more)
    if isinstance(node.get("items"), dict):
        yield from _mappings_in(node["items"], f"{more}[]")
    if isinstance(node.get("additionalProperties"), dict):
        yield from _mappings_in(node["additionalProperties"], f"{more}.NAME")


def _table(node: Node) -> Iterator[str]:
    yield from _head("key", "type", "default", "unit", "example", "what it says")
    for name, value in node["properties"].items():
        description, _, unit = value["description"].partition(" Unit: ")
        default = "**required**" if name in node.get("required", ()) else _default(value)
        yield _row(f"`{name}`", _type(value), default, unit.rstrip("."), f"`{_flow(value['examples'][0])}`", description)


def _default(node: Node) -> str:
    return f"`{_flow(node['default'])}`" if "default" in node else ""


def _type(node: Node) -> str:
    """The kind of value in words."""
    if "anyOf" in node and "title" not in node:
        return " or ".join(dict.fromkeys(_type(inner) for inner in node["anyOf"]))
    if "$ref" in node:
        return "mapping"
    if "enum" in node:
        return " or ".join(f"`{choice}`" for choice in node["enum"])
    kinds = {"boolean": "true or false", "string": "text", "integer": "whole number", "number": "number"}
    kind = node.get("type", "")
    if kind == "array":
        return f"list of {_type(node['items'])}"
    if kind == "object":
        inner = node.get("additionalProperties")
        return f"NAME: {_type(inner)}" if isinstance(inner, dict) else "mapping"
    return f"{node.get('title', kinds.get(kind, 'anything'))}{_range(node)}"


def _range(node: Node) -> str:
    if "minimum" in node and "maximum" in node:
        return f", {node['minimum']} to {node['maximum']}"
    return f", more than {node['exclusiveMinimum']}" if "exclusiveMinimum" in node else ""


_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9._/ -]*|[0-9.]+(/[0-9]+)?|[~][A-Za-z0-9._/]+")


def _flow(value: Any) -> str:
    """A value on one line, as YAML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return value if isinstance(value, str) and _PLAIN.fullmatch(value) else json.dumps(value)


def _profiles() -> Iterator[str]:
    profiles = {name: {"advert_interval": ADVERT_INTERVALS[name], **timers} for name, timers in TIMERS.items()}
    yield from _head("timer", *(f"`{name}`" for name in profiles))
    for timer in next(iter(profiles.values())):
        yield _row(f"`{timer}`", *(f"{values[timer]:g}" for values in profiles.values()))


def _checks() -> Iterator[str]:
    yield from _head("code", "severity", "what must be so", "why")
    for code in CODES:
        yield _row(_linked(code.code), "error", code.title, code.why)
    for rule in RULES:
        yield _row(_linked(rule.code), rule.severity, rule.title, _first_paragraph(getdoc(rule.check) or ""))
    for code in RENDERED_CODES:
        yield _row(_linked(code.code), "error", code.title, code.why)


def _linked(code: str) -> str:
    return f"[{code}](spec-rules.md#{code.lower()})"


def _first_paragraph(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split())


def _head(*titles: str) -> Iterator[str]:
    yield _row(*titles)
    yield f"|{'---|' * len(titles)}"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"
