"""Use case: the faults of a pair's files, and what each failure of its hosts will cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from twinkeel.audit.audit import Audited
from twinkeel.audit.audit import audit as audit_pair
from twinkeel.audit.given_files.pair import read_pair
from twinkeel.audit.ours import default_outcomes
from twinkeel.audit.outcome import Outcome
from twinkeel.audit.pair import Pair
from twinkeel.audit.predict import predict
from twinkeel.audit.registry import RULES, find_rule
from twinkeel.audit.rule import Rule
from twinkeel.audit.settings import Ignored
from twinkeel.errors import UsageError

if TYPE_CHECKING:
    # What reaches hosts is loaded where hosts are read, and not for files.
    from twinkeel.app.audit_live import LiveHosts

__all__ = ["AuditResult", "audit", "rule_of"]


@dataclass(frozen=True, slots=True)
class AuditResult:
    """`hosts` are names, `files` how many were read, `notes` those that were left out or cut, and why.

    `outcomes` and, by fault, `ours` are empty when they were not asked for. `versions` are the programs' versions by host, of hosts
    that were read over SSH.
    """

    hosts: tuple[str, ...]
    files: int
    audited: Audited
    outcomes: tuple[Outcome, ...] = ()
    ours: dict[str, Outcome] | None = None
    notes: tuple[tuple[str, str], ...] = ()
    versions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def audit(
    paths: Sequence[str],
    *,
    predictions: bool,
    live: "LiveHosts | None" = None,
    rules: Sequence[Rule] = RULES,
    ignored: Sequence[Ignored] = (),
) -> AuditResult:
    """Audit what lies at the paths, and hosts that were read. Raises UsageError for nothing, OSError for what cannot be read."""
    pair = read_pair(paths) if paths else Pair(())
    if live is not None:
        pair = replace(pair, hosts=(*pair.hosts, *live.hosts), notes=(*pair.notes, *live.notes))
    sources = {source.name for host in pair.hosts for source in host.configurations}
    sources |= {script.source.name for host in pair.hosts for script in host.scripts}
    sources |= {source.name for inventory in pair.inventories for source in inventory.sources}
    names = tuple(host.name for host in pair.hosts)
    outcomes = predict(pair) if predictions else ()
    ours = default_outcomes() if outcomes else {}
    versions = live.versions if live else {}
    return AuditResult(names, len(sources), audit_pair(pair, rules, ignored), outcomes, ours, pair.notes, versions)


def rule_of(name: str) -> Rule:
    """The rule of that name. Raises UsageError that says which ones are near."""
    rule = find_rule(name)
    if rule is None:
        from difflib import get_close_matches  # noqa: PLC0415 - only for a slip

        close = get_close_matches(name, [each.name for each in RULES], n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise UsageError(f"there is no rule {name!r}", hint=f"{hint}docs/audit.md lists them all")
    return rule
