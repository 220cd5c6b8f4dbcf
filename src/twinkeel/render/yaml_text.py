"""Writing values as YAML that every reader understands alike.

Ansible reads YAML 1.1, where `no`, `on`, `012` and `1:20` are not texts. So a text is left bare only when it cannot be anything
else; every other one is quoted as in JSON.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from twinkeel.spec.scalars import PlainNumber

_BARE = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*|\d{1,3}(\.\d{1,3}){3}(/\d{1,2})?")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
# Characters that YAML does not allow as they are, or reads as line breaks.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")


def scalar(value: object) -> str:
    """One value in one line. Addresses and other objects are written as their text."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return _number(value)
    text = str(value)
    if isinstance(value, PlainNumber):
        return text
    if _BARE.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


def block(values: Mapping[Any, Any]) -> str:
    """A mapping as block YAML, its keys at every depth in order, each line ending in a newline."""
    return "".join(f"{line}\n" for line in _mapping(values))


def ini_value(value: object) -> str:
    """A host variable's value in an INI inventory: quoted where Ansible would read something else than that text."""
    text = str(value)
    if isinstance(value, int):
        return text
    if re.fullmatch(r"[A-Za-z_/.-][A-Za-z0-9_./:-]*|\d+(\.\d+){3}|[0-9a-f]*:[0-9a-f:.]+", text) and text not in (
        "None",
        "True",
        "False",
    ):
        return text
    return "'" + json.dumps(text) + "'"


def _number(value: float) -> str:
    if value != value:
        return ".nan"
    if value in (float("inf"), float("-inf")):
        return ".inf" if value > 0 else "-.inf"
    text = repr(float(value))
    # YAML 1.1 reads 1e-07 as text: a point is needed.
    return text if "." in text else text.replace("e", ".0e")


def _mapping(values: Mapping[Any, Any]) -> Iterator[str]:
    for key in sorted(values, key=str):
        yield from _entry(f"{scalar(key)}:", values[key])


def _entry(head: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield head
        yield from (f"  {line}" for line in _mapping(value))
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes) and value:
        yield head
        for item in value:
            yield from (f"  {line}" for line in _item(item))
    elif isinstance(value, Mapping | list | tuple):
        yield f"{head} {'{}' if isinstance(value, Mapping) else '[]'}"
    else:
        yield f"{head} {scalar(value)}"


def _item(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        for place, line in enumerate(_mapping(value)):
            yield f"{'  ' if place else '- '}{line}"
    elif isinstance(value, list | tuple) and value:
        # A list in a list is rare; JSON's form is YAML, too, as long as its texts are quoted.
        yield f"- {_flow(value)}"
    else:
        yield from _entry("-", value)


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {_flow(value[key])}" for key in sorted(value, key=str)) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return scalar(value)
