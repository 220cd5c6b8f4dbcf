"""A spec's values as YAML text, in the order of the reference. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from twinkeel.spec.model import ClusterSpec

_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9._/-]*|[0-9]{1,3}(\.[0-9]{1,3}){3}(/[0-9]{1,2})?", re.ASCII)
_READ_OTHERWISE = frozenset(("true", "false", "yes", "no", "on", "off", "y", "n", "null"))
WIDTH = 100
"""Groups whose line is shorter stand on one line."""

_HOSTS = ("load_balancers", "control_plane", "etcd", "workers")
_OPEN = frozenset((*_HOSTS, "endpoint", "vips", "failover", "services"))


def spec_text(values: Mapping[str, Any], head: str) -> str:
    """The text; `head` is a comment without its signs."""
    lines = [f"# {line}" for line in head.splitlines()]
    for name, value in _ordered(_shortened(values), ClusterSpec):
        lines += _entry(name, value, 0)
    return "\n".join(lines) + "\n"


def _ordered(values: Mapping[str, Any], model: type[BaseModel]) -> Iterator[tuple[str, Any]]:
    """The keys in the order of the model, those of its groups, too."""
    for name, field in model.model_fields.items():
        key = field.alias or name
        if key in values:
            value, kind = values[key], _group(field.annotation)
            yield key, dict(_ordered(value, kind)) if kind and isinstance(value, Mapping) else value


def _group(annotation: Any) -> type[BaseModel] | None:
    """The model of a group's key; None for anything else."""
    kinds = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else [annotation]
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _shortened(values: Mapping[str, Any]) -> dict[str, Any]:
    """Hosts and virtual IPs of which nothing but the address is said, as an address."""
    made = dict(values)
    for group in _HOSTS:
        if group in made:
            made[group] = {name: _short(host) for name, host in made[group].items()}
    endpoint = dict(made.get("endpoint", {}))
    if "vip" in endpoint:
        endpoint["vip"] = _short(endpoint["vip"])
    if "vips" in endpoint:
        endpoint["vips"] = [_short(vip) for vip in endpoint["vips"]]
    return {**made, "endpoint": endpoint}


def _short(value: Any) -> Any:
    return value["address"] if isinstance(value, Mapping) and set(value) == {"address"} else value


def _entry(key: str, value: Any, depth: int) -> Iterator[str]:
    """A key's lines: one line where it fits and nothing in it is a block; hosts and the endpoint always have their own."""
    indent = "  " * depth
    line = f"{indent}{_scalar(key)}: {_flow(value)}"
    if isinstance(value, str) and _is_block(value):
        yield f"{indent}{_scalar(key)}: |"
        yield from (f"{indent}  {text}" if text else "" for text in value.rstrip("\n").split("\n"))
    elif isinstance(value, Mapping) and value and (_has_block(value) or len(line) > WIDTH or key in _OPEN):
        yield f"{indent}{_scalar(key)}:"
        for name, item in value.items():
            yield from _entry(name, item, depth + 1)
    elif isinstance(value, list) and (len(line) > WIDTH or key in _OPEN):
        yield f"{indent}{_scalar(key)}:"
        yield from (f"{indent}  - {_flow(item)}" for item in value)
    else:
        yield line


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(name)}: {_flow(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return number(value)
    text = str(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _READ_OTHERWISE:
        return text
    return json.dumps(text, ensure_ascii=False)


def number(value: float) -> str:
    """A number without a needless fraction, and never with an exponent."""
    return str(int(value)) if value == int(value) else f"{value:.9f}".rstrip("0")


def _has_block(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_has_block(item) for item in value.values())
    return isinstance(value, str) and _is_block(value)


def _is_block(text: str) -> bool:
    """Whether a literal block says it: it begins at its left edge, and every sign of it may stand there."""
    lines = text.rstrip("\n").split("\n")
    plain = all(line.isprintable() or not line for line in lines)
    return len(lines) > 1 and bool(lines[0]) and not lines[0].startswith((" ", "\t")) and plain
