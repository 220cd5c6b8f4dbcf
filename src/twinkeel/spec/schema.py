"""The JSON Schema of twinkeel.yaml, made from the model, for editors and other checkers. Pure.

It accepts what `twinkeel check` accepts, and refuses what `check` refuses of a single value, with one exception: that a network is
named by its first address cannot be said here. What keys must be together is for `check` alone.
"""

from typing import Any

from twinkeel.spec import fields
from twinkeel.spec.model import ClusterSpec

DIALECT = "https://json-schema.org/draft/2020-12/schema"
IDENTIFIER = "urn:twinkeel:schema:twinkeel.yaml"

HOST_GROUPS = ("load_balancers", "control_plane", "etcd", "workers")

Node = dict[str, Any]

NULLABLE = "nullable"

# A plain number is the text that it is written with, where text of these forms may stand.
_NUMBERS: dict[str | None, Node] = {
    None: {"type": ["string", "number"]},
    fields.pattern_of(fields.Word): {"type": ["string", "number"]},
    fields.pattern_of(fields.InterfaceName): {"type": ["string", "number"]},
    fields.pattern_of(fields.DomainName): {"type": ["string", "number"], "minimum": 0},
    fields.pattern_of(fields.HostName): {"type": ["string", "integer"], "minimum": 0},
}

UNITS = {"s": "seconds", "ms": "milliseconds"}
"""The model's units in words."""

_VALUES = ("examples", "default", "const", "enum", "required")
"""Parts of a schema that are no schemas."""


def json_schema() -> Node:
    """The whole schema, draft 2020-12; the same bytes every time."""
    schema: Node = _as_read(described_schema())
    return schema


def described_schema() -> Node:
    """The schema as the reference page tells it: without empty values, and without numbers where any text may stand.

    `nullable` marks keys that may have no value, which means the same as no key.
    """
    made = ClusterSpec.model_json_schema()
    definitions = {name: _model(node) for name, node in made.pop("$defs").items()}
    whole = _model(made)
    _add_rules(whole["properties"], definitions)
    return {"$schema": DIALECT, "$id": IDENTIFIER, "title": "twinkeel.yaml", **whole, "$defs": definitions}


def _add_rules(whole: Node, definitions: Node) -> None:
    """The few of `twinkeel.spec.rules` that a schema can say."""
    for group in HOST_GROUPS:
        whole[group]["propertyNames"]["not"] = {"const": "bastion"}
    written = {"properties": {"vip": {"not": {"type": "null"}}}, "required": ["vip"]}
    definitions["Endpoint"]["oneOf"] = [written, {"required": ["vips"]}]
    definitions["Endpoint"]["properties"]["vips"]["minItems"] = 1
    # With BGP a virtual IP is in no subnet. A pattern says nothing of a mapping, nor `properties` of a text.
    with_prefix = {"pattern": "/", "properties": {"address": {"pattern": "/"}}}
    prefixes = {"properties": {"vip": with_prefix, "vips": {"items": with_prefix}}}
    definitions["Endpoint"] |= {"if": {"properties": {"mode": {"const": "vrrp"}}}, "then": prefixes}
    manual = {"properties": {"mode": {"const": "manual"}}, "required": ["mode"]}
    given = {"properties": {"server": {"not": {"type": "null"}}}, "required": ["server"]}
    definitions["Dns"] |= {"if": manual, "then": given}
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
    """A key that may be left out may also have no value."""
    kinds = [kind for kind in node.get("anyOf", []) if kind != {"type": "null"}]
    if not kinds or len(kinds) == len(node["anyOf"]):
        return node
    rest = {key: value for key, value in node.items() if key != "anyOf" and (key, value) != ("default", None)}
    return {**kinds[0], **rest, NULLABLE: True} if len(kinds) == 1 else {"anyOf": kinds, **rest, NULLABLE: True}


def _as_read(node: Any) -> Any:
    """A node of the described schema as an editor must take it: also without a value, and numbers for text."""
    if isinstance(node, list):
        return [_as_read(inner) for inner in node]
    if not isinstance(node, dict):
        return node
    read = {name: inner if name in _VALUES else _as_read(inner) for name, inner in node.items() if name != NULLABLE}
    if read.get("type") == "string" and "enum" not in read and read.get("pattern") in _NUMBERS:
        read |= _NUMBERS[read.get("pattern")]
    return _or_null(read) if node.get(NULLABLE) is True else read


def _or_null(node: Node) -> Node:
    if "$ref" in node:
        reference = node.pop("$ref")
        return {"anyOf": [{"$ref": reference}, {"type": "null"}], **node}
    if "anyOf" in node:
        return node | {"anyOf": [*node["anyOf"], {"type": "null"}]}
    kinds = node["type"] if isinstance(node["type"], list) else [node["type"]]
    more = {"enum": [*node["enum"], None]} if "enum" in node else {}
    return node | {"type": [*kinds, "null"]} | more


def _names_in_place(node: Node) -> Node:
    """Mappings by name: a name of another form is refused, where pydantic's form would let it pass."""
    patterns = node.pop("patternProperties", None)
    if patterns is None:
        return node
    ((pattern, value),) = patterns.items()
    return {**node, "propertyNames": {"pattern": pattern}, "additionalProperties": value}
