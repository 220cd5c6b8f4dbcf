"""Every code that a message names is explained, and its page has the anchor that is named."""

import re
from pathlib import Path

import pytest

from twinkeel.app.explain_code import explain_code
from twinkeel.audit.registry import RULES as AUDIT_RULES
from twinkeel.audit.settings import SETTINGS_CODES
from twinkeel.drill.faults.registry import FAULTS
from twinkeel.errors import UsageError
from twinkeel.monitor.alerts.registry import ALERTS
from twinkeel.preflight.checks import CHECKS
from twinkeel.spec.codes import CODES, RENDERED_CODES
from twinkeel.spec.rules import RULES

DOCS = Path(__file__).parents[3] / "docs"
KNOWN = [
    *(code.code for code in (*CODES, *RENDERED_CODES)),
    *(rule.code for rule in RULES),
    *(check.id for check in CHECKS),
    *(rule.name for rule in AUDIT_RULES),
    *SETTINGS_CODES,
    *(alert.name for alert in ALERTS),
    *(fault.id for fault in FAULTS),
]


def anchors(page: Path) -> set[str]:
    """Of headings, as GitHub and the site make them, and those set by hand."""
    text = page.read_text()
    headings = (re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in re.findall(r"^#+ .*", text, re.M))
    return {*headings, *re.findall(r'<a id="([^"]+)">', text)}


@pytest.mark.parametrize("code", KNOWN)
def test_a_code_is_explained_and_its_page_has_its_anchor(code: str) -> None:
    found = explain_code(code)
    assert found.code == code
    assert code in found.text
    page, _, anchor = found.page.removeprefix("docs/").partition("#")
    assert anchor in anchors(DOCS / page)


def test_no_two_things_have_one_code() -> None:
    assert len(KNOWN) == len({code.lower() for code in KNOWN})


def test_capitals_do_not_matter() -> None:
    assert explain_code("s025") == explain_code("S025")


def test_an_unknown_code_says_what_is_close() -> None:
    with pytest.raises(UsageError, match="did you mean haproxy-kill") as caught:
        explain_code("haproxy-kil")
    assert caught.value.exit_code == 2
