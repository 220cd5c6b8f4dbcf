"""The table of the tests in which each error rule's fault happens with the real daemons."""

import re
import runpy
from pathlib import Path

import pytest

from twinkeel.audit.registry import RULES

FOLDER = Path(__file__).parents[2] / "checkers/audit_faults"
SHOWN: dict[str, str] = runpy.run_path(str(FOLDER / "shown.py"))["SHOWN"]


def test_every_error_rule_is_in_the_table() -> None:
    assert sorted(SHOWN) == sorted(rule.name for rule in RULES if rule.severity == "error")


@pytest.mark.parametrize("rule", [rule for rule, where in SHOWN.items() if not where.startswith("not shown: ")])
def test_the_test_is_there_and_names_the_rule(rule: str) -> None:
    module, _, test = SHOWN[rule].partition("::")
    text = (FOLDER / module).read_text()
    assert re.search(rf"^def {test}\(", text, re.MULTILINE)
    assert f'"{rule}"' in text
