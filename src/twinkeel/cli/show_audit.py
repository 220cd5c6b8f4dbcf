"""An audit as a person reads it. Pure."""

import re
import shutil
from collections.abc import Iterator, Sequence

from twinkeel.app.audit import AuditResult
from twinkeel.audit.audit import Found
from twinkeel.audit.hidden import hidden
from twinkeel.audit.outcome import Outcome
from twinkeel.cli.text_layout import rows, span, usable_width
from twinkeel.diagnostic import excerpt_of
from twinkeel.liveconfig.words import Place
from twinkeel.vip.daemons import VRRP_DAEMON

_AROUND = 1000
# As both predictions say it (twinkeel.audit.predict, twinkeel.vip.predict).
_SHARE = re.compile(r"\b1 new connection in (\d+)")


def as_text(result: AuditResult, shown: Sequence[Found]) -> str:
    """Findings by place, each with its line underlined, what failures will cost, and a summary; ends in a newline."""
    width = usable_width(shutil.get_terminal_size((100, 24)).columns)
    blocks = [_finding(each) for each in shown]
    blocks += [f"note: {one.place}: twinkeel: ignore: {why}\n" for one, why in result.audited.idle]
    blocks += [f"note: {file}: {text}\n" for file, text in result.notes]
    blocks += [_predictions(result, width)] if result.outcomes else []
    return "\n".join([*blocks, _summary(result, shown)])


def _finding(found: Found) -> str:
    finding = found.finding
    lines = [f"{finding.place}: {found.rule.severity}[{found.rule.name}]: {finding.message}"]
    lines += _excerpt(finding.place)
    lines += [f"  {place}: the same" for place in found.also]
    lines += [f"  {place}: {text}" for place, text in finding.related]
    return "\n".join([*lines, f"  use instead: {found.rule.fix}"]) + "\n"


def _excerpt(place: Place) -> list[str]:
    source, span = place.source, place.span
    # More than is shown, so that no secret is cut; not all, since a line may be a whole megabyte.
    first, text = max(span.column - 1 - _AROUND, 0), source.line(span.line)
    line = " " * first + hidden(text[first : span.column + _AROUND])
    return excerpt_of(line, span)


def _predictions(result: AuditResult, width: int) -> str:
    ours = result.ours or {}
    title = "What a client that opens new connections will see, and what it would see of a default Twinkeel pair"
    cells = [
        (each.title, outcome_text(each), outcome_text(ours[each.fault]) if each.fault in ours else "") for each in result.outcomes
    ]
    table = rows([("fault", "as it is", "Twinkeel"), *cells], width)
    notes = rows([("", f"{each.title}: {each.effect}") for each in result.outcomes if each.effect], width)
    partner = "Only one host's files are here: its partner is taken to have the same.\n" if len(result.hosts) == 1 else ""
    return f"{title}\n{table}{partner}{notes}"


def outcome_text(outcome: Outcome) -> str:
    """How long it lasts, in a few words."""
    if outcome.end == "never":
        return "does not heal"
    if outcome.end == "unknown" or outcome.downtime is None:
        return "not known"
    if outcome.degraded is not None:
        share = _SHARE.search(outcome.effect)
        return f"no outage; {f'1 in {share[1]}' if share else 'some'} connections affected for {span(outcome.degraded)}"
    return span(outcome.downtime) if outcome.downtime.high else "none"


def _summary(result: AuditResult, shown: Sequence[Found]) -> str:
    hosts = (
        f"{len(result.hosts)} host{'s' if len(result.hosts) != 1 else ''}, {result.files} file{'s' if result.files != 1 else ''}"
    )
    names = {"haproxy": "HAProxy", VRRP_DAEMON.unit: VRRP_DAEMON.name}
    programs = {
        host: ", ".join(f"{names[program]} {version}" for program, version in found.items())
        for host, found in result.versions.items()
    }
    versions = "".join(f"{host}: {words or 'the versions of its programs are not known'}\n" for host, words in programs.items())
    return f"{versions}{hosts}: {'; '.join(counts(result, shown))}\n"


def counts(result: AuditResult, shown: Sequence[Found]) -> Iterator[str]:
    """How many findings there are of which severity, and how many are not shown."""
    severities: list[str] = [each.rule.severity for each in shown]
    words = {"error": ("error", "errors"), "warning": ("warning", "warnings"), "info": ("remark", "remarks")}
    counts = [(severities.count(kind), words[kind][severities.count(kind) != 1]) for kind in words]
    yield ", ".join(f"{count} {word}" for count, word in counts if count) or "no problems"
    less = len(result.audited.found) - len(shown)
    if less:
        yield f"{less} of lower severity not shown (--severity info)"
    if result.audited.suppressed:
        yield f"{len(result.audited.suppressed)} suppressed"
