"""Numbers in quotes where a number is asked for: text to every other reader of the file, an editor with the schema among them."""

import re
from collections.abc import Iterator
from typing import Any

from twinkeel.diagnostic import Diagnostic, quoted
from twinkeel.spec.document import Document, Key
from twinkeel.spec.model_path import plain_kinds, steps

_NUMBER = re.compile(r"\s*[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)\s*")


def quoted_numbers(document: Document) -> Iterator[Diagnostic]:
    """A finding for each."""
    for path, value in _leaves(document.values, ()):
        # A plain number is of a class of its own.
        if type(value) is str and _NUMBER.fullmatch(value) and _asks_for_number(path):
            message, hint = f"`{path[-1]}`: {quoted(value)} in quotes is text", f"write {value.strip()} without quotes"
            yield Diagnostic("S012", "error", message, document.value_span(path), hint)


def _leaves(value: Any, path: Key) -> Iterator[tuple[Key, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _leaves(inner, (*path, place))
    else:
        yield path, value


def _asks_for_number(path: Key) -> bool:
    field = steps(path)[-1].field
    return field is not None and bool(plain_kinds(field.annotation) & {int, float})
