"""Cross checks between fields. A rule names the place that it means; the position comes from the document."""

from collections.abc import Iterator

from twinkeel.diagnostic import Diagnostic
from twinkeel.spec.document import Document
from twinkeel.spec.model import ClusterSpec
from twinkeel.spec.rule import Finding, Rule
from twinkeel.spec.rules import RULES


def validate(spec: ClusterSpec, document: Document) -> Iterator[Diagnostic]:
    """Every finding of every rule; an error in one never hides another."""
    for rule in RULES:
        for finding in rule.check(spec):
            yield _placed(rule, finding, document)


def _placed(rule: Rule, finding: Finding, document: Document) -> Diagnostic:
    return Diagnostic(
        rule.code,
        rule.severity,
        finding.message,
        document.key_span(finding.path) if finding.at_key else document.value_span(finding.path),
        finding.hint,
        tuple((document.value_span(path), note) for path, note in finding.related),
    )
