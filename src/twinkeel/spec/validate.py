"""Cross checks between fields. A rule names the place that it means; the position comes from the document."""

from collections.abc import Iterator

from twinkeel.diagnostic import Diagnostic
from twinkeel.spec.document import Document, Key
from twinkeel.spec.model import ClusterSpec
from twinkeel.spec.prune import Places, Pruning
from twinkeel.spec.release_support import ReleaseSupport
from twinkeel.spec.rule import Finding, ReleaseRule, Rule
from twinkeel.spec.rules import RULES


def validate(
    spec: ClusterSpec, document: Document, pruning: Pruning, doubtful: set[Key], release: ReleaseSupport
) -> Iterator[Diagnostic]:
    """Every finding of every rule; an error in one never hides another. `release` is what the spec's Kubespray release supports.

    A rule that must see a place whole is left out when that place is damaged or doubtful, and a finding about something that was
    put in for a damaged part is dropped: what was not written cannot be wrong.
    """
    broken, damaged, unsure = Places(pruning.damaged | doubtful), Places(pruning.damaged), Places(doubtful)
    for rule in RULES:
        if any(broken.touch(need) for need in rule.needs):
            continue
        for finding in rule.findings(spec, release):
            places = [pruning.original(path) for path in (finding.path, *(path for path, _ in finding.related))]
            if any(broken.touch(pruning.original(need)) for need in finding.needs):
                continue
            # In a doubtful place, what is not written may be what somebody meant to write.
            if not any(damaged.hold(path) or (unsure.hold(path) and not document.has(path)) for path in places):
                yield _placed(rule, finding, places, document)


def _placed(rule: Rule | ReleaseRule, finding: Finding, places: list[Key], document: Document) -> Diagnostic:
    return Diagnostic(
        rule.code,
        rule.severity,
        finding.message,
        document.key_span(places[0]) if finding.at_key else document.value_span(places[0]),
        finding.hint,
        tuple((document.value_span(path), note) for path, (_, note) in zip(places[1:], finding.related, strict=True)),
    )
