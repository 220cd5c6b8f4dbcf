"""YAML files as Ansible reads them (YAML 1.1), as values with places; bounded in size and depth. Pure.

PyYAML's events, which Ansible takes, too: a plain `yes`, `0o17`-like numbers or a merge key mean the same here as there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from twinkeel.liveconfig.words import LONGEST_FILE, Place, Remark
from twinkeel.source import SourceFile, Span

NO_YAML = "this is no YAML"
"""How a remark begins on a file of which nothing could be read."""
MOST_NODES = 100_000
DEEPEST = 60
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "tag:yaml.org,2002:merge"
_NULL = "tag:yaml.org,2002:null"


@dataclass(slots=True)
class Value:
    """A value with its place. `data` is plain (None, bool, int, float, str, list, dict); `items` are a mapping's or list's values.

    A mapping's keys are text, whatever they were; `key_places` has where each stands.
    """

    data: Any
    place: Place
    items: "dict[str, Value] | list[Value]" = field(default_factory=dict)
    key_places: dict[str, Place] = field(default_factory=dict)

    def get(self, *keys: str) -> "Value | None":
        """A mapping's value, or a value further inside."""
        found: Value | None = self
        for key in keys:
            found = found.items.get(key) if found is not None and isinstance(found.items, dict) else None
        return found


class _TooMuchError(Exception):
    pass


def read_yaml(source: SourceFile) -> tuple[Value | None, list[Remark]]:
    """The file's first document, None for none. Never fails: what cannot be read is a remark."""
    start = Place(source, Span(1, 1))
    if len(source.text) > LONGEST_FILE:
        return None, [Remark(start, f"the file is longer than {LONGEST_FILE} characters: it was not read")]
    if source.text.startswith("$ANSIBLE_VAULT"):
        return None, [Remark(start, "the file is encrypted: what it says is not known")]
    composer = _Composer(source)
    try:
        return composer.document(), composer.remarks
    except _TooMuchError:
        return None, [
            Remark(start, f"the file has more than {MOST_NODES} values, or nests more than {DEEPEST} deep: it was not read")
        ]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = Place(source, Span(mark.line + 1, mark.column + 1)) if mark else start
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be understood"
        return None, [Remark(place, f"{NO_YAML}: {problem}")]


class _Composer:
    def __init__(self, source: SourceFile) -> None:
        self._source = source
        self._events: Iterator[Any] = yaml.parse(source.text.removeprefix("\ufeff"), Loader=_LOADER)
        self._anchors: dict[str, Value] = {}
        self._left = MOST_NODES
        self._resolver, self._constructor = yaml.resolver.Resolver(), yaml.constructor.SafeConstructor()
        self._known: dict[object, Any] = {}
        self.remarks: list[Remark] = []

    def document(self) -> Value | None:
        for event in self._events:
            if isinstance(event, yaml.NodeEvent):
                return self._node(event, 0)
        return None

    def _node(self, event: Any, depth: int) -> Value:
        self._left -= 1
        if self._left < 0 or depth > DEEPEST:
            raise _TooMuchError
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        place = self._place(event)
        if isinstance(event, yaml.ScalarEvent):
            value = Value(self._scalar(event), place)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(place, depth)
        else:
            value = self._mapping(place, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = value
        return value

    def _alias(self, event: Any) -> Value:
        """What it stands for, at its own place; a copy costs what it holds, so that no file stands for billions of values."""
        value = self._anchors.get(event.anchor)
        if value is None:
            self.remarks.append(Remark(self._place(event), "there is no such anchor before: it was left out"))
            return Value(None, self._place(event))
        self._left -= _size(value)
        return value

    def _sequence(self, place: Place, depth: int) -> Value:
        items = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._node(event, depth + 1))
        return Value([each.data for each in items], place, items)

    def _mapping(self, place: Place, depth: int) -> Value:
        own: dict[str, Value] = {}
        merged: dict[str, Value] = {}
        places: dict[str, Place] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            is_merge = isinstance(event, yaml.ScalarEvent) and event.value == "<<" and self._tag(event) == _MERGE
            key = self._node(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            if is_merge:
                self._merge(value, merged, places)
                continue
            # As Ansible has it, the last one of a key that is given twice counts.
            text = _key(key.data)
            own[text], places[text] = value, key.place
        items = {**merged, **own}
        return Value({name: value.data for name, value in items.items()}, place, items, places)

    def _merge(self, value: Value, merged: dict[str, Value], places: dict[str, Place]) -> None:
        for each in value.items if isinstance(value.items, list) else [value]:
            if isinstance(each.items, dict):
                self._left -= len(each.items)
                for name, item in each.items.items():
                    # The first mapping of a list counts; a later `<<` counts more than an earlier one.
                    if isinstance(value.items, list) and name in merged:
                        continue
                    merged[name] = item
                    places.setdefault(name, each.key_places.get(name, item.place))

    def _tag(self, event: Any) -> str:
        if event.tag is not None and event.tag != "!":
            return str(event.tag)
        return str(self._resolver.resolve(yaml.ScalarNode, event.value, event.implicit))

    def _scalar(self, event: Any) -> Any:
        key = (event.tag, event.implicit, event.value)
        if key not in self._known:
            self._known[key] = self._constructed(event)
        return self._known[key]

    def _constructed(self, event: Any) -> Any:
        tag = self._tag(event)
        if tag == _NULL:
            return None
        node = yaml.ScalarNode(tag, event.value)
        try:
            data = self._constructor.construct_object(node)
        except (yaml.YAMLError, ValueError, OverflowError, IndexError):
            # A tag of Ansible's own (!vault, !unsafe), or a number that is none.
            return event.value
        return data if isinstance(data, None | bool | int | float | str) else str(data)

    def _place(self, event: Any) -> Place:
        start, end = event.start_mark, event.end_mark
        length = end.column - start.column if end.line == start.line else 1
        return Place(self._source, Span(start.line + 1, start.column + 1, max(length, 1)))


def _key(data: Any) -> str:
    return "null" if data is None else str(data).lower() if isinstance(data, bool) else str(data)


def _size(value: Value) -> int:
    """How many values it holds, no further than anybody counts."""
    waiting, count = [value], 0
    while waiting and count <= MOST_NODES:
        each = waiting.pop()
        count += 1
        waiting += each.items.values() if isinstance(each.items, dict) else each.items
    return count
