"""A value as a YAML file for Prometheus: in the order that it was given, long texts as blocks."""

from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

VERY_WIDE = 100_000


def document(value: Mapping[str, Any], heading: Sequence[str] = ()) -> str:
    """The file's text, with a comment above it. The same value gives the same bytes."""
    writer = YAML()
    writer.width = VERY_WIDE
    writer.indent(mapping=2, sequence=4, offset=2)
    out = StringIO()
    writer.dump(_blocks(value), out)
    return "".join(f"# {line}\n" for line in heading) + out.getvalue()


def _blocks(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _blocks(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_blocks(each) for each in value]
    return LiteralScalarString(value) if isinstance(value, str) and "\n" in value else value
