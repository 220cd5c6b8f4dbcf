"""The JSON Schema of twinkeel.yaml, made from the model, for editors and other checkers. Pure.

It sees one value at a time: what keys must be together is for `twinkeel check`. It is stricter in spelling, for an editor's sake:
an empty value and a number in quotes are refused here.
"""

from typing import Any

from twinkeel.spec.model import ClusterSpec

DIALECT = "https://json-schema.org/draft/2020-12/schema"
IDENTIFIER = "urn:twinkeel:schema:twinkeel.yaml"

HOST_GROUPS = ("load_balancers", "control_plane", "etcd", "workers")

UNITS = {"s": "seconds", "ms": "milliseconds"}
"""The model's units in words."""

Node = dict[str, Any]


def json_schema() -> Node:
    """The whole schema, draft 2020-12; the same bytes every time."""
    made = ClusterSpec.model_json_schema()
    definitions = {name: _model(node) for name, node in made.pop("$defs").items()}
    whole = _model(made)
    _add_rules(whole["properties"], definitions)
    return {"$schema": DIALECT, "$id": IDENTIFIER, "title": "twinkeel.yaml", **whole, "$defs": definitions}


def _add_rules(whole: Node, definitions: Node) -> None:
    """The few of `twinkeel.spec.rules` that a schema can say."""
    for group in HOST_GROUPS:
        whole[group]["propertyNames"]["not"] = {"const": "bastion"}
    definitions["Endpoint"]["oneOf"] = [{"required": ["vip"]}, {"required": ["vips"]}]
    definitions["Endpoint"]["properties"]["vips"]["minItems"] = 1
    manual = {"properties": {"mode": {"const": "manual"}}, "required": ["mode"]}
    definitions["Dns"] |= {"if": manual, "then": {"required": ["server"]}}
    kubernetes = definitions["Kubernetes"]["properties"]
    kubernetes["version"]["pattern"] = "^[0-9]+[.][0-9]+[.][0-9]+$"
    kubernetes["kubespray"]["pattern"] = "^v[0-9]+[.][0-9]+[.][0-9]+$"


def _model(node: Node) -> Node:
    """A mapping with fixed keys. Its title is a class's name, which says nothing to a user."""
    properties = {name: _property(name, inner) for name, inner in node["properties"].items()}
    return {key: value for key, value in node.items() if key != "title"} | {"properties": properties}


def _property(name: str, node: Node) -> Node:
    """One key: without the titles that pydantic makes of names, and with its unit in words."""
    node = dict(node)
    if node.get("title") == name.replace("_", " ").title():
        del node["title"]
    unit = node.pop("unit", None)
    if unit is not None:
        node["description"] += f" Unit: {UNITS[unit]}."
    return _names_in_place(_without_null(node))


def _without_null(node: Node) -> Node:
    """A key that may be left out need not be null: one without a value is a slip."""
    kinds = [kind for kind in node.get("anyOf", []) if kind != {"type": "null"}]
    if not kinds or len(kinds) == len(node["anyOf"]):
        return node
    rest = {key: value for key, value in node.items() if key not in ("anyOf", "default")}
    return {**kinds[0], **rest} if len(kinds) == 1 else {"anyOf": kinds, **rest}


def _names_in_place(node: Node) -> Node:
    """Mappings by name: a name of another form is refused, where pydantic's form would let it pass."""
    patterns = node.pop("patternProperties", None)
    if patterns is None:
        return node
    ((pattern, value),) = patterns.items()
    return {**node, "propertyNames": {"pattern": pattern}, "additionalProperties": value}
