"""docs/audit.md has every rule, as the registry says."""

from pathlib import Path

import pytest

from twinkeel.audit.documentation import rule_markdown, rules_markdown
from twinkeel.audit.registry import RULES
from twinkeel.audit.rule import Rule

PAGE = Path(__file__).parents[3] / "docs/audit.md"
MARK = "`pytest tests/unit/audit/test_documentation.py --update-golden`. -->\n"


def test_the_page_is_not_stale(request: pytest.FixtureRequest) -> None:
    head, mark, rest = PAGE.read_text().partition(MARK)
    assert mark
    if request.config.getoption("--update-golden"):
        PAGE.write_text(f"{head}{mark}{rules_markdown()}")
        return
    assert rest == rules_markdown()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_tells_all(rule: Rule) -> None:
    text = rule_markdown(rule)
    for part in (rule.name, rule.severity, rule.what, rule.why, rule.fix, rule.source):
        assert part in text
    assert "Found, " in text
    assert "Not found, " in text
