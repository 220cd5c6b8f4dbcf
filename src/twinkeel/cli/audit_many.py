"""`twinkeel audit -f` of several specs: the live load balancers of each."""

from collections.abc import Callable, Sequence
from pathlib import Path

from twinkeel.app.audit import AuditResult
from twinkeel.app.audit import audit as audit_pair
from twinkeel.app.audit_live import read_hosts
from twinkeel.app.context import Context
from twinkeel.audit.audit import Found
from twinkeel.audit.rule import Rule
from twinkeel.audit.settings import Ignored
from twinkeel.cli.audit import audited_json, code_of
from twinkeel.cli.many import View, ask_many, show_many
from twinkeel.cli.show_audit import counts

DEADLINE = 60.0
"""Seconds for one of several clusters."""


def audit_many(
    specs: Sequence[Path],
    rules: Sequence[Rule],
    ignored: Sequence[Ignored],
    shown: Callable[[AuditResult], list[Found]],
    *,
    as_json: bool,
) -> int:
    """Print what was found on each cluster's load balancers; returns the exit code."""

    async def use_case(context: Context) -> AuditResult:
        live = await read_hosts([], context)
        return audit_pair([], predictions=as_json, live=live, rules=rules, ignored=ignored)

    view = View[AuditResult](
        "audit",
        code=lambda result: code_of(shown(result)),
        as_json=lambda result: audited_json(result, shown(result)),
        summary=lambda result: "; ".join(counts(result, shown(result))),
        details=lambda result: [
            f"{each.finding.place}: {each.rule.severity}[{each.rule.name}]: {each.finding.message}" for each in shown(result)
        ],
    )
    return show_many(view, ask_many(specs, use_case, deadline=DEADLINE, reading=True), as_json=as_json)
