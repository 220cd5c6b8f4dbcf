"""`# twinkeel: ignore[rule, rule] reason`: on the line that a finding is about, or alone on a line above it. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from twinkeel.audit.pair import Host, Pair
from twinkeel.liveconfig.words import Comment, Place
from twinkeel.source import SourceFile, Span

_ASKED = re.compile(r"^twinkeel:\s*ignore\s*\[(?P<rules>[^\]]*)\]\s*(?P<reason>.*)$", re.IGNORECASE)
_SCRIPT_COMMENT = re.compile(r"(?:^|(?<=\s))#(.*)$")


@dataclass(frozen=True, slots=True)
class Suppression:
    """A comment that asks for rules to be left out, and the line that it means."""

    kind: ClassVar[str] = "inSource"

    rules: tuple[str, ...]
    reason: str
    line: int
    place: Place

    def covers(self, rule: str, place: Place) -> bool:
        """Whether it means a finding of that rule there."""
        return rule in self.rules and place.source.name == self.place.source.name and place.span.line == self.line


def suppressions(pair: Pair) -> list[Suppression]:
    """All of them, each once."""
    found: dict[tuple[str, int], Suppression] = {}
    for comment in _all_comments(pair):
        match = _ASKED.match(comment.text)
        if match:
            rules = tuple(name.strip() for name in match["rules"].split(",") if name.strip())
            place = comment.place
            line = _next_line(place.source, place.span.line) if comment.alone else place.span.line
            found[place.source.name, place.span.line] = Suppression(rules, match["reason"].strip(), line, place)
    return list(found.values())


def _all_comments(pair: Pair) -> Iterator[Comment]:
    for host in pair.hosts:
        yield from _comments(host)
    for inventory in pair.inventories:
        for source in inventory.sources:
            yield from _script_comments(source)


def _comments(host: Host) -> Iterator[Comment]:
    if host.haproxy:
        yield from host.haproxy.file.comments
    if host.keepalived:
        yield from host.keepalived.config.comments
    for script in host.scripts:
        yield from _script_comments(script.source)


def _script_comments(source: SourceFile) -> Iterator[Comment]:
    for number, text in enumerate(source.lines, 1):
        match = _SCRIPT_COMMENT.search(text)
        if match:
            place = Place(source, Span(number, match.start() + 1, match.end() - match.start()))
            yield Comment(match[1].strip(), not text[: match.start()].strip(), place)


def _next_line(source: SourceFile, number: int) -> int:
    """The line that a comment alone on its line is about: the next one that is neither empty nor a comment."""
    while number < len(source.lines):
        number += 1
        text = source.line(number).strip()
        if text and text[0] not in "#!":
            break
    return number
