"""Use case: what a code means that a message names: a rule of check or audit, a check of preflight, a scenario of drills."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from inspect import getdoc

from twinkeel.audit.documentation import rule_markdown
from twinkeel.audit.registry import RULES as AUDIT_RULES
from twinkeel.audit.settings import SETTINGS_CODES
from twinkeel.drill.fault import Fault
from twinkeel.drill.faults.registry import FAULTS
from twinkeel.errors import UsageError
from twinkeel.monitor.alerts.registry import ALERTS
from twinkeel.monitor.runbook import alert_markdown
from twinkeel.preflight.checks import CHECKS, check_markdown
from twinkeel.spec.codes import CODES, RENDERED_CODES
from twinkeel.spec.rules import RULES

SPEC_PAGE, PREFLIGHT_PAGE, AUDIT_PAGE, FAULTS_PAGE = "spec-rules.md", "preflight.md", "audit.md", "faults.md"
ALERTS_PAGE = "alerts.md"


@dataclass(frozen=True)
class Explanation:
    """What a code stands for: `text` is Markdown, `page` the place in docs/ that says the same."""

    code: str
    text: str
    page: str


def explain_code(code: str) -> Explanation:
    """What it stands for; capitals do not matter.

    Raises:
        UsageError: nothing has that code.
    """
    pages = dict(_pages())
    for known, (text, page) in pages.items():
        if known.lower() == code.lower():
            return Explanation(known, text.rstrip(), f"docs/{page}#{known.lower()}")
    by_lower = {known.lower(): known for known in pages}
    close = get_close_matches(code.lower(), by_lower, n=1)
    guess = f"did you mean {by_lower[close[0]]}? " if close else ""
    hint = f"{guess}codes are those of check (S025), preflight (P012), audit (a rule's name), drills (a scenario's) and alerts"
    raise UsageError(f"no rule, check or fault is called {code!r}", hint=hint)


def codes() -> tuple[str, ...]:
    """Every code that is explained."""
    return tuple(code for code, _ in _pages())


def _pages() -> Iterator[tuple[str, tuple[str, str]]]:
    """Each code, its text and the page in docs/."""
    for known in (*CODES, *RENDERED_CODES):
        yield known.code, (spec_rule_markdown(known.code, "error", known.title, known.why), SPEC_PAGE)
    for rule in RULES:
        yield rule.code, (spec_rule_markdown(rule.code, rule.severity, rule.title, getdoc(rule.check) or ""), SPEC_PAGE)
    for check in CHECKS:
        yield check.id, (check_markdown(check, level=1), PREFLIGHT_PAGE)
    for audit_rule in AUDIT_RULES:
        yield audit_rule.name, (rule_markdown(audit_rule, level=1), AUDIT_PAGE)
    for code, what in SETTINGS_CODES.items():
        yield code, (f"# {code}\n\n**error** · in the audit's settings file: {what}.\n", AUDIT_PAGE)
    for alert in ALERTS:
        yield alert.name, (alert_markdown(alert, level=1), ALERTS_PAGE)
    for fault in FAULTS:
        yield fault.id, (fault_markdown(fault, level=1), FAULTS_PAGE)


def spec_rule_markdown(code: str, severity: str, title: str, why: str, level: int = 1) -> str:
    """A rule of `twinkeel check`."""
    return f"{'#' * level} {code}\n\n**{severity}** · must be so: {title}.\n\n{' '.join(why.split())}\n"


def fault_markdown(fault: Fault, level: int) -> str:
    """A scenario of `twinkeel drill`."""
    lines = [
        f"{'#' * level} {fault.id}",
        "",
        f"{fault.title}. Budget: {fault.budget_ms:g} ms.",
        "",
        f"**Does:** {fault.does}",
        "",
        f"**Why:** {fault.why}",
        "",
        f"**Expect:** {fault.expect}",
        "",
        f"**Heals:** {fault.heals}",
    ]
    lines += ["", f"**Needs:** {', '.join(fault.prerequisites)}"] if fault.prerequisites else []
    lines += [] if fault.survivable else ["", "The API does not answer until it is healed; `drill run all` leaves it out."]
    return "\n".join(lines) + "\n"
