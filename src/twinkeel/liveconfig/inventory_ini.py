"""An Ansible inventory in Ansible's own kind of INI. Pure."""

import ast
import re
import shlex
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Any

from twinkeel.liveconfig.host_patterns import BadPatternError, expand
from twinkeel.liveconfig.inventory import UNGROUPED, Inventory, Variable, Variables
from twinkeel.liveconfig.words import Place, read_whole
from twinkeel.liveconfig.yaml_tree import Value
from twinkeel.source import SourceFile, Span

_SECTION = re.compile(r"\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?$")
_GROUP = re.compile(r"([^:\]\s]+)\s*(?:#.*)?$")
# Without these a line is words between spaces; the lexer takes a hundred times as long.
_QUOTING = re.compile(r"[\"'\\#]")
_WORD = re.compile(r"[^ \t\r\n]+")
MOST_LINES = 20_000
"""Four times the hosts of the largest cluster that Kubernetes bears."""

_KINDS = ("hosts", "children", "vars")


def read_ini(source: SourceFile, inventory: Inventory) -> None:
    """Put what a file says into an inventory. Never fails; what it does not understand is a remark."""
    lines, remarks = read_whole(source, MOST_LINES)
    inventory.remarks += remarks
    group, kind = UNGROUPED, "hosts"
    wanted: dict[str, Place] = {}
    declared = {UNGROUPED, "all"}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text[0] in ";#":
            continue
        whole = Place(source, Span(number, line.index(text[0]) + 1, len(text)))
        section = _SECTION.match(text)
        if section:
            group, kind = section[1], section[2] or "hosts"
            name_place = Place(source, Span(number, whole.span.column + 1, len(group)))
            inventory.group(group, name_place)
            if kind == "vars":
                wanted.setdefault(group, name_place)
            else:
                declared.add(group)
            if kind not in _KINDS:
                inventory.add_remark(name_place, f"a section of the kind {kind} is not known: it was left out")
        elif kind == "hosts":
            _host(source, number, line, group, inventory)
        elif kind == "vars":
            _variable(whole, text, inventory.group(group).vars, inventory)
        elif kind == "children":
            found = _GROUP.match(text)
            if found:
                place = Place(source, Span(number, whole.span.column, len(found[1])))
                inventory.group(group).children.setdefault(found[1], place)
                inventory.group(found[1])
                wanted.setdefault(found[1], place)
            else:
                inventory.add_remark(whole, "this is no group's name: it was left out")
    for name, place in wanted.items():
        if name not in declared:
            inventory.add_remark(place, f"there is no section [{name}]: Ansible refuses the file")


def _host(source: SourceFile, number: int, line: str, group: str, inventory: Inventory) -> None:
    if inventory.is_full:
        return
    tokens = list(_tokens(line))
    if not tokens:
        return
    if not tokens[-1].closed:
        place = Place(source, Span(number, tokens[-1].start + 1, tokens[-1].end - tokens[-1].start))
        inventory.add_remark(place, "a quote is not closed here: Ansible refuses the file")
    first, *rest = tokens
    place = Place(source, Span(number, first.start + 1, first.end - first.start))
    try:
        names, port = expand(first.text)
    except BadPatternError as error:
        inventory.add_remark(place, f"{error}: it was left out")
        return
    variables: Variables = {}
    for token in rest:
        here = Place(source, Span(number, token.start + 1, token.end - token.start))
        name, equals, value = token.text.partition("=")
        if equals:
            variables[name] = Variable(here, _value(value, _behind(here, name, line)))
        else:
            inventory.add_remark(here, "this is no name=value: Ansible refuses the file")
    inventory.add_hosts(names, port, variables, place, group)


def _variable(whole: Place, text: str, variables: Variables, inventory: Inventory) -> None:
    name, equals, value = text.partition("=")
    if not equals:
        inventory.add_remark(whole, "this is no name=value: it was left out")
        return
    variables[name.strip()] = Variable(whole, _value(value.strip(), _behind(whole, name, whole.source.line(whole.span.line))))


def _behind(whole: Place, name: str, line: str) -> Place:
    """Where a value stands: behind the name and the sign, where both stand there as they were read; else all of it."""
    span = whole.span
    written = line[span.column - 1 : span.column - 1 + span.length]
    if not written.startswith(f"{name}="):
        return whole
    value = written[len(name) + 1 :]
    skipped = len(value) - len(value.lstrip(" \t\"'"))
    kept = value.strip(" \t\"'")
    return Place(whole.source, Span(span.line, span.column + len(name) + 1 + skipped, len(kept))) if kept else whole


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    end: int
    closed: bool = True


def _tokens(line: str) -> Iterator[_Token]:
    """Words as a shell reads them, without a comment, and where each begins and ends; a quote without an end takes the rest."""
    if not _QUOTING.search(line):
        yield from (_Token(word[0], word.start(), word.end()) for word in _WORD.finditer(line))
        return
    stream = StringIO(line)
    lexer = shlex.shlex(stream, posix=True)
    lexer.whitespace_split, lexer.commenters = True, "#"
    position = 0
    while True:
        start = position + len(line[position:]) - len(line[position:].lstrip())
        try:
            token = lexer.get_token()
        except ValueError:
            yield _Token(line[start:].strip(), start, max(len(line.rstrip()), start + 1), closed=False)
            return
        if token is None:
            return
        position = stream.tell()
        # The lexer has read the sign behind the word, too; a comment to its end.
        end = start + len(line[start:position].rstrip())
        comment = line.find("#", start + 1, end)
        stop = len(line[:comment].rstrip()) if comment > 0 and "#" not in token else end
        yield _Token(token, start, max(stop, start + 1))


def _value(text: str, place: Place) -> Value:
    """As Ansible does: what Python takes for a literal is one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        data = text
    return _tree(data, place)


def _tree(data: Any, place: Place) -> Value:
    if isinstance(data, dict):
        items = {str(key): _tree(value, place) for key, value in data.items()}
        return Value({key: value.data for key, value in items.items()}, place, items, dict.fromkeys(items, place))
    if isinstance(data, list | tuple | set):
        values = [_tree(value, place) for value in data]
        return Value([value.data for value in values], place, values)
    if isinstance(data, bytes):
        return Value(data.decode(errors="replace"), place)
    if data is ...:
        return Value("...", place)
    return Value(data if isinstance(data, None | bool | int | float | str) else str(data), place)
