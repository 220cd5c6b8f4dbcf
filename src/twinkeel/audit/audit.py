"""The audit: every rule on a pair, less what its owner has asked to leave out. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from twinkeel.audit.hidden import hidden
from twinkeel.audit.pair import Pair
from twinkeel.audit.registry import RULES, find_rule
from twinkeel.audit.rule import SEVERITIES, Finding, Rule
from twinkeel.audit.settings import Ignored
from twinkeel.audit.suppression import Suppression, suppressions
from twinkeel.liveconfig.words import Place


@dataclass(frozen=True, slots=True)
class Found:
    """A finding with its rule. `also` are other files' places with the same line, as a pair's two haproxy.cfg often have."""

    rule: Rule
    finding: Finding
    also: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Audited:
    """The outcome: findings by file and line, those left out with who asked for it, and who asked in vain."""

    found: tuple[Found, ...]
    suppressed: tuple[tuple[Found, Suppression | Ignored], ...] = ()
    idle: tuple[tuple[Suppression | Ignored, str], ...] = ()


def audit(pair: Pair, rules: Sequence[Rule] = RULES, ignored: Sequence[Ignored] = ()) -> Audited:
    """Every finding of every rule; `ignored` are those that the settings leave out."""
    # A comment is nearer to what it is about than the settings are.
    asked: list[Suppression | Ignored] = [*suppressions(pair), *ignored]
    everything = _once(Found(rule, _shown(finding)) for rule in rules for finding in rule.check(pair))
    kept: list[Found] = []
    suppressed: list[tuple[Found, Suppression | Ignored]] = []
    used: set[int] = set()
    for each in everything:
        by = next((one for one in asked if one.covers(each.rule.name, each.finding.place)), None)
        if by is not None and by.reason:
            suppressed.append((each, by))
        else:
            kept.append(each)
        used |= set() if by is None else {id(by)}
    idle = tuple((one, why) for one in asked if (why := _idle(one, rules, id(one) in used)))
    return Audited(tuple(_merged(sorted(kept, key=_order))), tuple(suppressed), idle)


def _idle(asked: Suppression | Ignored, rules: Sequence[Rule], used: bool) -> str:
    """Why a suppression does nothing, empty when it does what it says, or is about rules that were not asked."""
    names = (asked.rule,) if isinstance(asked, Ignored) else asked.rules
    unknown = [name for name in names if find_rule(name) is None]
    if unknown:
        return f"there is no rule {unknown[0]}"
    if not asked.reason:
        return "it gives no reason, so nothing is left out: write why, after the bracket"
    not_asked = not {rule.name for rule in rules} & set(names)
    return "" if used or not_asked else "there is nothing to leave out here"


def _order(found: Found) -> tuple[str, int, int, int, str]:
    place = found.finding.place
    rank = SEVERITIES.index(found.rule.severity)
    return place.source.name, place.span.line, place.span.column, rank, found.rule.name


def _once(findings: Iterable[Found]) -> list[Found]:
    """Each finding once: hosts may share a file."""
    seen: dict[tuple[object, ...], Found] = {}
    for each in findings:
        place = each.finding.place
        seen.setdefault((each.rule.name, place.source.name, place.span, each.finding.message), each)
    return list(seen.values())


def _merged(findings: Iterable[Found]) -> list[Found]:
    """The same finding at the same line of several files is one, with several places; a file's own lines stay apart."""
    merged: dict[tuple[object, ...], Found] = {}
    seen: Counter[tuple[object, ...]] = Counter()
    for each in findings:
        place = each.finding.place
        line = place.source.line(place.span.line)
        same = (each.rule.name, each.finding.message, line, place.span.column, place.span.length)
        # The second such line of one file is the same as the second one of the other.
        key = (*same, seen[place.source.name, *same])
        seen[place.source.name, *same] += 1
        first = merged.get(key)
        merged[key] = each if first is None else Found(first.rule, first.finding, (*first.also, place))
    return list(merged.values())


def _shown(finding: Finding) -> Finding:
    """Without secrets: a message may quote a line."""
    related = tuple((place, hidden(text)) for place, text in finding.related)
    return Finding(hidden(finding.message), finding.place, related)
