"""A YAML file as plain values, with the position of every key and value.

Numbers and dates keep the text that the user wrote (`1.30` is not `1.3`); the model decides what they mean. A file that is no
YAML at all raises DocumentError; anything less stands in `Document.diagnostics`, so that it hides no other problem.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml.error import MarkedYAMLError, StringMark
from ruamel.yaml.reader import ReaderError

from twinkeel.diagnostic import Diagnostic
from twinkeel.errors import SpecError
from twinkeel.source import SourceFile, Span
from twinkeel.spec.nodes import MAX_DEPTH, MAX_NODES, MappingNode, Node, ScalarNode, SequenceNode, TooMuchError, compose
from twinkeel.spec.scalars import plain_value, scalar_problem

Key = tuple[str | int, ...]
"""A place in the document: ("load_balancers", "lb-1")."""

MAX_BYTES = 1 << 19
MAX_LINE = 1 << 16

# Two keys of the spec itself are words that YAML 1.1 takes for booleans. As keys of this mapping they mean one thing only.
_OUR_OWN_KEYS: tuple[Key, ...] = (("power", "on"), ("power", "off"))


class Document(NamedTuple):
    """What a file says. `values` is a tree of dict, list, str, bool and None; spans are kept by path.

    `diagnostics` are problems of single keys and values. `damaged` are values that say nothing reliable; `doubtful` are places
    that may hold more or other than what is in `values`.
    """

    source: SourceFile
    values: Mapping[str, Any]
    key_spans: Mapping[Key, Span]
    value_spans: Mapping[Key, Span]
    diagnostics: tuple[Diagnostic, ...] = ()
    damaged: frozenset[Key] = frozenset()
    doubtful: frozenset[Key] = frozenset()

    def has(self, path: Key) -> bool:
        """Whether something is written at `path`."""
        return path in self.key_spans or path in self.value_spans

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
        with path.open("rb") as file:
            # Not by its size: a device says 0 and never ends.
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        hint = "standard input is -f /dev/stdin" if str(path) == "-" else "name the file with -f FILE"
        raise SpecError("there is no such spec file", where=str(path), hint=hint) from error
    except OSError as error:
        raise SpecError(f"the spec cannot be read: {error.strerror}", where=str(path)) from error
    if len(data) > MAX_BYTES:
        raise SpecError(f"the file is larger than {MAX_BYTES} bytes, so it is not a spec", where=str(path))
    return SourceFile(str(path), data.decode("utf-8-sig", errors="replace"))


def parse(source: SourceFile) -> Document:
    """The document that a file holds. Raises DocumentError when it is no YAML, or no mapping."""
    _refuse_undecodable(source)
    _refuse_long_lines(source)
    try:
        root = compose(source.text)
    except TooMuchError as error:
        raise DocumentError(_too_much(_span(error.mark, error.mark))) from error
    except MarkedYAMLError as error:
        raise DocumentError(_syntax_diagnostic(error, source)) from error
    except ReaderError as error:
        raise DocumentError(_character_diagnostic(error, source)) from error
    if not isinstance(root, MappingNode):
        raise DocumentError(_no_mapping(root))
    return _Walk(source).document(root)


def _refuse_long_lines(source: SourceFile) -> None:
    # The parser takes time with the square of some lines' length: 16 s for a megabyte of exclamation marks.
    for number, line in enumerate(source.lines, start=1):
        if len(line) > MAX_LINE:
            message = f"a line of {len(line)} characters: no spec has one longer than {MAX_LINE}"
            raise DocumentError(Diagnostic("S004", "error", message, Span(number, 1, MAX_LINE), "begin a new line for each key"))


def _refuse_undecodable(source: SourceFile) -> None:
    if "\ufffd" not in source.text:
        return
    places = [Span(number, line.index("\ufffd") + 1) for number, line in enumerate(source.lines, start=1) if "\ufffd" in line]
    message = "the file is not UTF-8 text here"
    raise DocumentError(*(Diagnostic("S006", "error", message, place, "save the file as UTF-8") for place in places[:10]))


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
        "S005", "error", f"the file holds {found}, not `key: value` lines", _span(root.start, root.end), "begin with `name:`"
    )


def _syntax_diagnostic(error: MarkedYAMLError, source: SourceFile) -> Diagnostic:
    problem, context = (error.problem or "").strip(), (error.context or "").strip()
    mark, start = error.problem_mark or error.context_mark, error.context_mark
    if problem == "found unexpected end of stream" and start is not None:
        mark, problem, context = start, "a quote or bracket is opened here and never closed", ""
    if problem.startswith("but "):
        problem, context = f"{context}, {problem}", ""
    span = _inside(_span(mark, mark), source) if mark is not None else None
    if span is not None and source.line(span.line)[span.column - 1 : span.column] == "\t":
        return Diagnostic("S002", "error", "a tab is not allowed here", span, "indent with spaces")
    related = ((_span(start, start), context),) if context and start is not None else ()
    message = f"not YAML: {problem or context or 'the text cannot be understood'}"
    return Diagnostic("S001", "error", message, span, "check the indentation, quotes and brackets around here", related)


def _inside(span: Span, source: SourceFile) -> Span:
    """The span, or the file's end where the parser names a place beyond it."""
    if span.line <= len(source.lines):
        return span
    return Span(len(source.lines), len(source.lines[-1]) + 1)


def _character_diagnostic(error: ReaderError, source: SourceFile) -> Diagnostic:
    before = SourceFile(source.name, source.text[: error.position]).lines
    span = Span(len(before), len(before[-1]) + 1)
    return Diagnostic("S001", "error", "not YAML: a control character stands here", span, "delete it")


def _span(start: StringMark, end: StringMark) -> Span:
    length = end.column - start.column if end.line == start.line else 1
    return Span(start.line + 1, start.column + 1, max(length, 1))


class _Walk:
    """One pass over the node tree: values and spans out, every problem collected."""

    def __init__(self, source: SourceFile) -> None:
        self.source = source
        self.keys: dict[Key, Span] = {}
        self.values: dict[Key, Span] = {}
        self.found: list[Diagnostic] = []
        self.damaged: set[Key] = set()
        self.doubtful: set[Key] = set()
        self.nodes = 0

    def document(self, root: MappingNode) -> Document:
        values = self._mapping(root, ())
        return Document(
            self.source, values, self.keys, self.values, tuple(self.found), frozenset(self.damaged), frozenset(self.doubtful)
        )

    def _value(self, node: Node, path: Key) -> Any:
        # Aliases count each time they are used: a file of 1 kB can stand for billions of nodes.
        self.nodes += 1
        if self.nodes > MAX_NODES or len(path) > MAX_DEPTH:
            raise DocumentError(_too_much(self.keys[path[:1]]))
        if node.tag is not None:
            span = _span(node.start, node.end)
            self._problem(path, "S007", f"the tag {node.tag} means nothing here", span, "write the value without a tag")
        if not isinstance(node, ScalarNode) and isinstance(path[-1], int):
            # An item of a list has no key that a reader could look for instead.
            self.values[path] = _span(node.start, node.start)
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self._value(item, (*path, place)) for place, item in enumerate(node.items)]
        if node.text != "":
            # An empty value stands nowhere, often on the line below: its key is what a reader looks for.
            self.values[path] = _span(node.start, node.end)
        problem = scalar_problem(node.text, node.plain)
        if problem is not None:
            self._problem(path, problem.code, problem.message, _span(node.start, node.end), problem.hint)
            self.damaged.add(path)
        return plain_value(node.text) if node.plain else node.text

    def _mapping(self, node: MappingNode, path: Key) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, item in node.items:
            span = _span(key.start, key.end)
            if isinstance(key, MappingNode | SequenceNode):
                self._problem(path, "S007", "a key must be a word", span, "write `key: value`; put {{...}} templates in quotes")
                continue
            here = (*path, key.text)
            if key.text in values:
                self._given_twice(here, span)
                continue
            problem = scalar_problem(key.text, key.plain, is_key=True)
            if problem is not None and here not in _OUR_OWN_KEYS:
                self._problem(here, problem.code, problem.message, span, problem.hint)
                if problem.code == "S001":
                    # No name that anything could be called by, not even in another message.
                    continue
            self.keys[here] = span
            values[key.text] = self._value(item, here)
        return values

    def _given_twice(self, path: Key, span: Span) -> None:
        message, hint = f"`{path[-1]}` is given twice", "keep one of the two: YAML would silently use the last"
        self._problem(path, "S003", message, span, hint, ((self.keys[path], "first given here"),))

    def _problem(
        self, path: Key, code: str, message: str, span: Span, hint: str, related: tuple[tuple[Span, str], ...] = ()
    ) -> None:
        self.doubtful.add(path)
        self.found.append(Diagnostic(code, "error", message, span, hint, related))
