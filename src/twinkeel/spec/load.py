"""From a file to a spec: every problem of the model becomes a diagnostic at the place that causes it."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from twinkeel.diagnostic import Diagnostic
from twinkeel.source import SourceFile, Span
from twinkeel.spec.document import Document, DocumentError, Key, parse
from twinkeel.spec.model import ClusterSpec
from twinkeel.spec.validate import validate


@dataclass(frozen=True)
class Loaded:
    """A spec and what was found; `spec` is None when a finding is an error."""

    source: SourceFile
    spec: ClusterSpec | None
    diagnostics: tuple[Diagnostic, ...]


def load(source: SourceFile) -> Loaded:
    """Read a spec and find everything that is wrong with it, in the order of the file."""
    try:
        document = parse(source)
    except DocumentError as error:
        return Loaded(source, None, error.diagnostics)
    try:
        spec = ClusterSpec.model_validate(document.values)
    except ValidationError as error:
        return Loaded(source, None, _in_order(_model_diagnostics(error, document)))
    found = _in_order(validate(spec, document))
    return Loaded(source, None if any(item.severity == "error" for item in found) else spec, found)


def _in_order(found: Iterator[Diagnostic]) -> tuple[Diagnostic, ...]:
    return tuple(sorted(found, key=lambda item: (item.span or Span(1, 1), item.code)))


def _model_diagnostics(error: ValidationError, document: Document) -> Iterator[Diagnostic]:
    for details in error.errors(include_url=False):
        yield _diagnostic(details, document)


def _diagnostic(details: ErrorDetails, document: Document) -> Diagnostic:
    is_key = details["loc"][-1:] == ("[key]",)
    path: Key = tuple(part for part in details["loc"] if part != "[key]")
    kind = details["type"]
    field = str(path[-1]) if path else "the spec"
    if kind == "extra_forbidden":
        return _unknown_key(path, document)
    if kind == "missing":
        parent = ".".join(map(str, path[:-1]))
        inside = f" in `{parent}`" if parent else ""
        return Diagnostic("S011", "error", f"`{field}` is missing{inside}", _parent_span(path, document), f"add `{field}:`")
    if is_key:
        return Diagnostic("S015", "error", f"`{field}` cannot be a host's name", document.key_span(path), _NAME_HINT)
    code, message, hint = _explain(kind, details)
    if code == "S012" and path[:1] in _HOST_GROUPS and len(path) == 2:
        hint = "write `name: address`"
    return Diagnostic(code, "error", f"`{_field_name(path, document)}`: {message}", document.value_span(path), hint)


def _parent_span(path: Key, document: Document) -> Span | None:
    """Where a missing key belongs; nowhere in particular at the top of the file."""
    return document.key_span(path[:-1]) if path[:-1] else None


def _field_name(path: Key, document: Document) -> str:
    """The last part of the path that the user wrote: a host given as an address has no key `address`."""
    written = path if path in document.key_spans else path[:-1]
    return str(written[-1]) if written else str(path[-1])


_HOST_GROUPS = (("load_balancers",), ("control_plane",), ("workers",))

_NAME_HINT = "use lower-case letters, digits and hyphens, beginning and ending with a letter or digit"


def _explain(kind: str, details: ErrorDetails) -> tuple[str, str, str]:
    """Code, message and hint for a problem of one value."""
    value, context = details["input"], details.get("ctx", {})
    if value is None:
        return "S012", "no value is given", "give one, or delete the line to get the default"
    shown = f"`{value}`" if isinstance(value, str) else _kind_of(value)
    if kind in _ADDRESS_KINDS:
        return "S014", f"{shown} is not {_ADDRESS_KINDS[kind][0]}", _ADDRESS_KINDS[kind][1]
    if kind == "literal_error":
        return "S013", f"{shown} is not one of the choices", f"use one of: {str(context['expected']).replace(chr(39), '')}"
    if kind == "string_pattern_mismatch":
        return "S015", f"{shown} cannot be a DNS name", _NAME_HINT
    if kind in ("greater_than_equal", "less_than_equal"):
        return "S016", f"{shown} is out of range", "use a port between 1 and 65535"
    if kind in ("too_short",):
        return "S011", "at least one host is needed", "add a line `name: address`"
    if kind in _TYPE_KINDS:
        return "S012", f"{shown} is not {_TYPE_KINDS[kind]}", f"write {_TYPE_KINDS[kind]}"
    return "S019", f"{shown}: {details['msg']}", ""


_ADDRESS_KINDS = {
    "ip_address": (
        "an address",
        "write an IPv4 address, four numbers from 0 to 255: 192.168.1.111, or an IPv6 address: fd00:1::111",
    ),
    "ip_v6_address": ("an IPv6 address", "write it like fd00:1::111"),
    "ip_interface": ("an address with a prefix length", "write it like 192.168.1.110/24 or fd00:1::110/64"),
    "ip_v4_network": ("an IPv4 network", "write it like 10.233.0.0/18, with no bits set after the prefix"),
    "ip_v6_network": ("an IPv6 network", "write it like fd00:2::/112, with no bits set after the prefix"),
    "address_or_host": ("an address", "write an address, or `host` for each load balancer's own"),
    "seconds_or_never": ("a time", "write seconds from 0 to 1000, or `never`"),
}

_TYPE_KINDS = {
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "string_type": "text",
    "dict_type": "a list of `name: address` lines",
    "model_type": "a group of `key: value` lines",
    "model_attributes_type": "a group of `key: value` lines",
}


def _kind_of(value: object) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "a list" if isinstance(value, list) else "a group of keys"


def _unknown_key(path: Key, document: Document) -> Diagnostic:
    known = _known_keys(path)
    close = get_close_matches(str(path[-1]), known, n=1)
    hint = f"did you mean `{close[0]}`?" if close else f"known keys here: {', '.join(known)}"
    return Diagnostic("S010", "error", f"`{path[-1]}` is not a key that Twinkeel knows", document.key_span(path), hint)


def _known_keys(path: Key) -> list[str]:
    """The keys that may stand where the last part of `path` stands. A host's name is no field and changes nothing."""
    model: type[BaseModel] = ClusterSpec
    for part in path[:-1]:
        if str(part) in model.model_fields:
            model = _first_model(model.model_fields[str(part)].annotation) or model
    return list(model.model_fields)


def _first_model(annotation: Any) -> type[BaseModel] | None:
    """The model inside an annotation such as `Power | None` or `dict[str, Host]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in get_args(annotation):
        found = _first_model(inner)
        if found is not None:
            return found
    return None
