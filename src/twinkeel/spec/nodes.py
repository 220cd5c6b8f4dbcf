"""YAML text as a tree of nodes, in one pass over the parser's events, with bounds on size and depth.

ruamel.yaml's own composer recurses as deep as the file says and reads the events of a bomb to their end before anyone can count.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import ComposerError
from ruamel.yaml.error import StringMark
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

MAX_DEPTH = 20
MAX_NODES = 20_000


class TooMuchError(Exception):
    """More nodes, or a deeper nesting, than a spec has; `mark` is where that was noticed."""

    def __init__(self, mark: StringMark) -> None:
        super().__init__("too much")
        self.mark = mark


@dataclass(slots=True)
class ScalarNode:
    """One value. `plain` is true when it stands without quotes; `tag` is None unless the user wrote one."""

    start: StringMark
    end: StringMark
    tag: str | None
    text: str
    plain: bool


@dataclass(slots=True)
class SequenceNode:
    """A list."""

    start: StringMark
    end: StringMark
    tag: str | None
    items: "list[Node]"


@dataclass(slots=True)
class MappingNode:
    """Keys and values in the order of the file."""

    start: StringMark
    end: StringMark
    tag: str | None
    items: "list[tuple[Node, Node]]"


Node = ScalarNode | SequenceNode | MappingNode


def compose(text: str) -> Node | None:
    """The tree of a file with one document; None when it is empty. An alias is the very node that it stands for.

    Raises ruamel.yaml's MarkedYAMLError or ReaderError for text that is no YAML, TooMuchError for text that is too much.
    """
    return _Composer(text).document()


class _Composer:
    def __init__(self, text: str) -> None:
        self.events: Iterator[Any] = YAML(typ="safe", pure=True).parse(text)
        self.anchors: dict[str, Node] = {}
        self.count = 0

    def document(self) -> Node | None:
        next(self.events)
        first = next(self.events)
        if isinstance(first, StreamEndEvent):
            return None
        if first.version is not None or first.tags:
            raise ComposerError(None, None, "found a % directive, which a spec has no use for", first.start_mark)
        root = self._node(next(self.events), 0)
        next(self.events)
        after = next(self.events)
        if isinstance(after, DocumentStartEvent):
            raise ComposerError("the first one begins here", root.start, "but a second document begins here", after.start_mark)
        return None if isinstance(root, ScalarNode) and root.text == "" and root.plain else root

    def _node(self, event: Any, depth: int) -> Node:
        self.count += 1
        if self.count > 2 * MAX_NODES or depth > MAX_DEPTH:
            raise TooMuchError(event.start_mark)
        if isinstance(event, AliasEvent):
            return self._anchored(event)
        if isinstance(event, ScalarEvent):
            plain = event.style is None and event.tag is None
            return self._named(event, ScalarNode(event.start_mark, event.end_mark, _tag(event), event.value, plain))
        if isinstance(event, SequenceStartEvent):
            return self._sequence(event, depth)
        return self._mapping(event, depth)

    def _anchored(self, event: AliasEvent) -> Node:
        node = self.anchors.get(str(event.anchor))
        if node is None:
            raise ComposerError(None, None, f"found undefined alias {event.anchor!r}", event.start_mark)
        return node

    def _named(self, event: Any, node: Node) -> Node:
        if event.anchor is not None:
            self.anchors[str(event.anchor)] = node
        return node

    def _sequence(self, start: SequenceStartEvent, depth: int) -> Node:
        node = SequenceNode(start.start_mark, start.end_mark, _tag(start), [])
        self._named(start, node)
        for event in self._until_end(node):
            node.items.append(self._node(event, depth + 1))
        return node

    def _mapping(self, start: MappingStartEvent, depth: int) -> Node:
        node = MappingNode(start.start_mark, start.end_mark, _tag(start), [])
        self._named(start, node)
        for event in self._until_end(node):
            key = self._node(event, depth + 1)
            node.items.append((key, self._node(next(self.events), depth + 1)))
        return node

    def _until_end(self, node: SequenceNode | MappingNode) -> Iterator[Any]:
        for event in self.events:
            if isinstance(event, CollectionEndEvent):
                node.end = event.end_mark
                return
            yield event


def _tag(event: Any) -> str | None:
    return None if event.tag is None else str(event.tag)
