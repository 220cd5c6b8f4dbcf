"""A pair's own files beside those of its spec: what is better there, by the audit's rules, and what is merely different. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from twinkeel.adopt.adopt import Adopted
from twinkeel.adopt.compare import Side, rendered_files, sides, trust_of
from twinkeel.adopt.compare_haproxy import HaproxySide, Roles, compare_haproxy
from twinkeel.adopt.compare_keepalived import compare_keepalived
from twinkeel.adopt.draft import at
from twinkeel.adopt.line_change import Change
from twinkeel.adopt.pair_files import Files, pair_of
from twinkeel.audit.audit import Found, audit
from twinkeel.audit.hidden import hidden
from twinkeel.audit.pair import Pair
from twinkeel.liveconfig.words import Place
from twinkeel.source import SourceFile

_DAEMONS = ("/etc/haproxy/haproxy.cfg", "/etc/keepalived/keepalived.conf")


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: the pair's line, the rendered one, or both; secrets are hidden. `rules` are those of the audit that it mends;
    `is_name`: a section is called otherwise, and findings about the section as a whole stand there."""

    before: str
    after: str
    place: Place | None
    rules: tuple[str, ...] = ()
    also: tuple[Place, ...] = ()
    is_name: bool = False


@dataclass(frozen=True, slots=True)
class Differences:
    """All differences; `mended` and `remaining` are names of rules, `files` those that the pair has nothing like."""

    better: tuple[Difference, ...]
    merely: tuple[Difference, ...]
    mended: tuple[str, ...]
    remaining: tuple[str, ...]
    files: tuple[str, ...] = field(default=())


def differences(pair: Pair, adopted: Adopted) -> Differences:
    """What an `apply` of the spec would change, without looking at a host."""
    files = rendered_files(adopted.secrets, adopted.text, trust_of(pair))
    rendered = pair_of(files)
    before, after = audit(pair).found, _names(rendered)
    mended = tuple(dict.fromkeys(each.rule.name for each in before if each.rule.name not in after))
    remaining = tuple(dict.fromkeys(each.rule.name for each in before if each.rule.name in after))
    found = list(_merged(_all(pair, rendered, adopted, _Mended(before, set(mended), files))))
    found = _lines_first(found)
    reported = {rule for each in found for rule in each.rules}
    found += [_alone(each) for each in before if each.rule.name in set(mended) - reported]
    new = dict.fromkeys(path for texts in files.values() for path in texts if path not in _DAEMONS)
    better = tuple(each for each in found if each.rules)
    return Differences(better, tuple(each for each in found if not each.rules), mended, remaining, tuple(new))


def _lines_first(found: list[Difference]) -> list[Difference]:
    """A rule about a whole section is named at the line that mends it, where there is one, and not at the section's name."""
    by_lines = {rule for each in found if not each.is_name for rule in each.rules}
    return [
        replace(each, rules=tuple(rule for rule in each.rules if rule not in by_lines)) if each.is_name else each for each in found
    ]


def _alone(found: Found) -> Difference:
    """A finding that is gone, though no single line does it."""
    line = found.finding.place.source.line(found.finding.place.span.line).strip()
    return Difference(hidden(line), "", found.finding.place, (found.rule.name,), found.also)


def _names(pair: Pair) -> set[str]:
    return {each.rule.name for each in audit(pair).found}


class _Mended:
    """Which rules a line mends: those that complained about it, and those that complain again when the rendered line is gone."""

    def __init__(self, before: Iterable[Found], mended: set[str], files: Files) -> None:
        self._at: dict[tuple[str, int], list[str]] = {}
        self._mended, self._files = mended, files
        for each in before:
            places = [each.finding.place, *each.also] if each.rule.name in mended else []
            for place in places:
                self._at.setdefault(at(place), []).append(each.rule.name)

    def by_line(self, place: Place) -> list[str]:
        """Rules about a line of the pair's."""
        return self._at.get(at(place), [])

    def by_loss(self, place: Place) -> list[str]:
        """Rules that find something in the rendered files without a piece of one line."""
        host, _, path = place.source.name.partition(":")
        lines = list(place.source.lines)
        span, line = place.span, lines[place.span.line - 1]
        lines[span.line - 1] = line[: span.column - 1] + line[span.column - 1 + span.length :]
        changed: Mapping[str, Mapping[str, str]] = {**self._files, host: {**self._files[host], path: "\n".join(lines)}}
        return sorted(_names(pair_of(changed)) & self._mended)


def _all(pair: Pair, rendered: Pair, adopted: Adopted, mended: _Mended) -> Iterator[Difference]:
    losses: dict[str, list[str]] = {}
    for side in sides(pair, rendered):
        own = {source.name for source in _sources(side)}
        gone = [each for each in adopted.changes if each.place.source.name in own]
        added = {_where(each.place): each for each in _added(side, adopted.roles)}
        for change in gone:
            beside = added.pop(_where(change.other_place), None) if change.other_place else None
            rules = mended.by_line(change.place) + (_lost(losses, mended, beside) if beside else [])
            yield Difference(
                hidden(change.text), hidden(change.other), change.place, tuple(dict.fromkeys(rules)), is_name=_is_name(change)
            )
        for change in added.values():
            yield Difference("", hidden(change.text), None, tuple(_lost(losses, mended, change)))


def _is_name(change: Change) -> bool:
    return change.context[0] == "section" or change.context == ("vrrp_instance", "name")


def _lost(losses: dict[str, list[str]], mended: _Mended, change: Change) -> list[str]:
    """The same line of several hosts is tried once."""
    if change.text not in losses:
        losses[change.text] = [] if change.text.endswith("{") else mended.by_loss(change.place)
    return losses[change.text]


def _sources(side: Side) -> Iterator[SourceFile]:
    yield from (side.before.haproxy.file.sources if side.before.haproxy else ())
    yield from (side.before.keepalived.config.sources if side.before.keepalived else ())
    yield from (script.source for script in side.before.scripts)


def _added(side: Side, roles: Roles) -> Iterator[Change]:
    before, after = side.before, side.after
    if before.haproxy and after.haproxy:
        yield from compare_haproxy(HaproxySide(after.haproxy), HaproxySide(before.haproxy), _inverse(side, roles))
    if before.keepalived and after.keepalived:
        yield from compare_keepalived(after.keepalived, before.keepalived)


def _inverse(side: Side, roles: Roles) -> Roles:
    """The pair's sections that stand for a rendered one."""
    after, before = side.after.haproxy, side.before.haproxy
    headers = {proxy.name: at(proxy.place) for proxy in (after.proxies if after else ())}
    made: dict[tuple[str, int], tuple[str, ...]] = {}
    for proxy in before.proxies if before else ():
        for name in roles.get(at(proxy.place), ()):
            if name in headers:
                made[headers[name]] = (*made.get(headers[name], ()), proxy.name)
    return made


def _where(place: Place) -> tuple[str, int, int]:
    return place.source.name, place.span.line, place.span.column


def _merged(found: Iterable[Difference]) -> Iterator[Difference]:
    """The same difference of several hosts once, with the other places."""
    merged: dict[tuple[str, str], Difference] = {}
    for each in found:
        key = (each.before, each.after)
        first = merged.get(key)
        if first is None:
            merged[key] = each
        else:
            also = first.also if each.place is None or each.place == first.place else (*first.also, each.place)
            merged[key] = replace(first, also=also, rules=tuple(dict.fromkeys((*first.rules, *each.rules))))
    yield from merged.values()
