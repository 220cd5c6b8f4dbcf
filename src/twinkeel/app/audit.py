"""Use case: the faults of a pair's files, and what each failure of its hosts will cost."""

from collections.abc import Sequence
from dataclasses import dataclass

from twinkeel.app.audit_input import read_pair
from twinkeel.audit.audit import Audited
from twinkeel.audit.audit import audit as audit_pair
from twinkeel.audit.ours import default_outcomes
from twinkeel.audit.outcome import Outcome
from twinkeel.audit.predict import predict
from twinkeel.audit.registry import find_rule
from twinkeel.audit.rule import Rule
from twinkeel.errors import UsageError

__all__ = ["AuditResult", "audit", "rule_of"]


@dataclass(frozen=True, slots=True)
class AuditResult:
    """`hosts` are names, `files` how many were read, `notes` those that were left out or cut, and why.

    `outcomes` and, by fault, `ours` are empty when they were not asked for.
    """

    hosts: tuple[str, ...]
    files: int
    audited: Audited
    outcomes: tuple[Outcome, ...] = ()
    ours: dict[str, Outcome] | None = None
    notes: tuple[tuple[str, str], ...] = ()


def audit(paths: Sequence[str], *, predictions: bool) -> AuditResult:
    """Audit what lies at the paths. Raises UsageError when there is nothing, OSError for what cannot be read."""
    pair = read_pair(paths)
    sources = {source.name for host in pair.hosts if host.haproxy for source in host.haproxy.file.sources}
    sources |= {source.name for host in pair.hosts if host.keepalived for source in host.keepalived.config.sources}
    sources |= {script.source.name for host in pair.hosts for script in host.scripts}
    names = tuple(host.name for host in pair.hosts)
    outcomes = predict(pair) if predictions else ()
    return AuditResult(names, len(sources), audit_pair(pair), outcomes, default_outcomes() if outcomes else {}, pair.notes)


def rule_of(name: str) -> Rule:
    """The rule of that name. Raises UsageError that says which ones are near."""
    rule = find_rule(name)
    if rule is None:
        from difflib import get_close_matches  # noqa: PLC0415 - only for a slip

        from twinkeel.audit.registry import RULES  # noqa: PLC0415

        close = get_close_matches(name, [each.name for each in RULES], n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise UsageError(f"there is no rule {name!r}", hint=f"{hint}docs/audit.md lists them all")
    return rule
