"""A YAML file as plain values, with the position of every key and value.

Numbers and dates keep the text that the user wrote (`1.30` is not `1.3`); the model decides what they mean.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
)
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from twinkeel.diagnostic import Diagnostic
from twinkeel.errors import SpecError
from twinkeel.source import SourceFile, Span

Key = tuple[str | int, ...]
"""A place in the document: ("load_balancers", "lb-1")."""

MAX_BYTES = 1 << 20
MAX_DEPTH = 20
# Aliases count each time they are used: a file of 1 kB can stand for billions of nodes.
MAX_NODES = 20_000

_STANDARD_TAGS = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Document:
    """What a file says. `values` is a tree of dict, list, str, bool and None; spans are kept by path."""

    source: SourceFile
    values: Mapping[str, Any]
    key_spans: Mapping[Key, Span]
    value_spans: Mapping[Key, Span]

    def key_span(self, path: Key) -> Span:
        """Where the key at `path` stands, or the nearest enclosing one that exists; the file's start for ()."""
        return self._nearest(path, self.key_spans, self.value_spans)

    def value_span(self, path: Key) -> Span:
        """Where the value at `path` stands; for a mapping or list its key, which is what a reader looks for."""
        return self._nearest(path, self.value_spans, self.key_spans)

    @staticmethod
    def _nearest(path: Key, first: Mapping[Key, Span], second: Mapping[Key, Span]) -> Span:
        for length in range(len(path), 0, -1):
            span = first.get(path[:length]) or second.get(path[:length])
            if span is not None:
                return span
        return Span(1, 1)


class DocumentError(Exception):
    """The text is no document; `diagnostics` say why."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__(diagnostics[0].message)
        self.diagnostics = diagnostics


def read_source(path: Path) -> SourceFile:
    """The file's text. A byte that is not UTF-8 becomes U+FFFD, which `parse` reports with its position.

    Raises SpecError when there is no such file, it cannot be read, or it is larger than a spec can be.
    """
    try:
        data = path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
    except FileNotFoundError as error:
        raise SpecError("there is no such spec file", where=str(path), hint="name the file with -f FILE") from error
    except OSError as error:
        raise SpecError(f"the spec cannot be read: {error.strerror}", where=str(path)) from error
    if data is None:
        raise SpecError(f"the file is larger than {MAX_BYTES} bytes, so it is not a spec", where=str(path))
    return SourceFile(str(path), data.decode("utf-8-sig", errors="replace"))


def parse(source: SourceFile) -> Document:
    """The document that a file holds. Raises DocumentError with everything found."""
    _refuse_undecodable(source)
    try:
        _refuse_deep_nesting(source)
        root = YAML(typ="safe", pure=True).compose(source.text)
    except MarkedYAMLError as error:
        raise DocumentError(_syntax_diagnostic(error, source)) from error
    except ReaderError as error:
        raise DocumentError(_character_diagnostic(error, source)) from error
    if not isinstance(root, MappingNode):
        raise DocumentError(_no_mapping(root))
    return _Walk(source).document(root)


def _refuse_undecodable(source: SourceFile) -> None:
    for number, line in enumerate(source.text.split("\n"), start=1):
        column = line.find("\ufffd")
        if column >= 0:
            raise DocumentError(
                Diagnostic("S006", "error", "the file is not UTF-8 text here", Span(number, column + 1), "save the file as UTF-8")
            )


def _refuse_deep_nesting(source: SourceFile) -> None:
    depth = 0
    for event in YAML(typ="safe", pure=True).parse(source.text):
        if isinstance(event, CollectionStartEvent):
            depth += 1
        elif isinstance(event, CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH and not isinstance(event, AliasEvent):
            raise DocumentError(_too_much(_span(event.start_mark, event.start_mark)))


def _too_much(span: Span) -> Diagnostic:
    return Diagnostic(
        "S004",
        "error",
        f"the file stands for more than {MAX_NODES} values, or nests them more than {MAX_DEPTH} deep",
        span,
        "write the values out instead of repeating them through aliases",
    )


def _no_mapping(root: Node | None) -> Diagnostic:
    if root is None:
        return Diagnostic("S005", "error", "the file is empty", None, "begin with `name:`; the documentation has an example")
    found = "a list" if isinstance(root, SequenceNode) else "a single value"
    return Diagnostic(
        "S005",
        "error",
        f"the file holds {found}, not `key: value` lines",
        _span(root.start_mark, root.end_mark),
        "begin with `name:`",
    )


def _syntax_diagnostic(error: MarkedYAMLError, source: SourceFile) -> Diagnostic:
    problem, context = (error.problem or "").strip(), (error.context or "").strip()
    mark, start = error.problem_mark or error.context_mark, error.context_mark
    if problem == "found unexpected end of stream" and start is not None:
        mark, problem, context = start, "a quote or bracket is opened here and never closed", ""
    if problem.startswith("but "):
        problem, context = f"{context}, {problem}", ""
    span = _span(mark, mark) if mark is not None else None
    if span is not None and source.line(span.line)[span.column - 1 : span.column] == "\t":
        return Diagnostic("S002", "error", "a tab is not allowed here", span, "indent with spaces")
    related = ((_span(start, start), context),) if context and start is not None else ()
    message = f"not YAML: {problem or context or 'the text cannot be understood'}"
    return Diagnostic("S001", "error", message, span, "check the indentation, quotes and brackets around here", related)


def _character_diagnostic(error: ReaderError, source: SourceFile) -> Diagnostic:
    before = source.text[: error.position]
    span = Span(before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
    return Diagnostic("S001", "error", "not YAML: a control character stands here", span, "delete it")


def _span(start: StringMark, end: StringMark) -> Span:
    length = end.column - start.column if end.line == start.line else 1
    return Span(start.line + 1, start.column + 1, max(length, 1))


@dataclass
class _Walk:
    """One pass over the node tree: values and spans out, every problem collected."""

    source: SourceFile
    keys: dict[Key, Span] = field(default_factory=dict)
    values: dict[Key, Span] = field(default_factory=dict)
    found: list[Diagnostic] = field(default_factory=list)
    nodes: int = 0

    def document(self, root: MappingNode) -> Document:
        values = self._mapping(root, ())
        if self.found:
            raise DocumentError(*self.found)
        return Document(self.source, values, self.keys, self.values)

    def _value(self, node: Node, path: Key) -> Any:
        span = _span(node.start_mark, node.end_mark)
        self.nodes += 1
        if self.nodes > MAX_NODES or len(path) > MAX_DEPTH:
            raise DocumentError(_too_much(self.keys[path[:1]]))
        if not str(node.tag).startswith(_STANDARD_TAGS):
            self._problem("S007", f"the tag {node.tag} means nothing here", span, "write the value without a tag")
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self._value(item, (*path, place)) for place, item in enumerate(node.value)]
        if node.value != "":
            # An empty value stands nowhere, often on the line below: its key is what a reader looks for.
            self.values[path] = span
        return self._scalar(str(node.value), str(node.tag), span)

    def _mapping(self, node: MappingNode, path: Key) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, item, span in self._items(node):
            here = (*path, key)
            if key in values:
                self._problem(
                    "S003",
                    f"`{key}` is given twice",
                    span,
                    "keep one of the two: YAML would silently use the last",
                    ((self.keys[here], "first given here"),),
                )
                continue
            self.keys[here] = span
            values[key] = self._value(item, here)
        return values

    def _items(self, node: MappingNode) -> Iterator[tuple[str, Node, Span]]:
        for key, item in node.value:
            span = _span(key.start_mark, key.end_mark)
            if isinstance(key, ScalarNode):
                yield str(key.value), item, span
            else:
                self._problem("S007", "a key must be a word", span, "write `key: value`; put {{...}} templates in quotes")

    def _scalar(self, text: str, tag: str, span: Span) -> str | bool | None:
        kind = tag.removeprefix(_STANDARD_TAGS)
        if kind == "null":
            return None
        if kind == "bool" and text.lower() in ("true", "false"):
            return text.lower() == "true"
        if kind == "int" and text.lstrip("+-").startswith("0") and text.lstrip("+-") != "0":
            self._problem(
                "S008", f"`{text}` is not the same number to every program", span, f'write it in decimal, or as text: "{text}"'
            )
        return text

    def _problem(self, code: str, message: str, span: Span, hint: str, related: tuple[tuple[Span, str], ...] = ()) -> None:
        self.found.append(Diagnostic(code, "error", message, span, hint, related))
