"""docs/spec-rules.md: every rule of `twinkeel check`, with an example that breaks it and what check says then."""

from collections.abc import Callable, Iterator
from difflib import unified_diff
from inspect import getdoc
from pathlib import Path

import pytest
from rule_cases import CASES, Edits

from twinkeel.app.explain_code import spec_rule_markdown
from twinkeel.spec.codes import CODES, RENDERED_CODES
from twinkeel.spec.load import Loaded
from twinkeel.spec.rules import RULES

Edited = Callable[..., Loaded]
PAGE = Path(__file__).parents[3] / "docs/spec-rules.md"
HEAD = """\
# Rules of `twinkeel check`

What each code means; `twinkeel explain S025` prints the same. The examples are edits of [lab-home.yaml](examples.md#lab-home) that
tests make (`-` is what stood there), with what check says of them. Codes are stable: one that has gone is not given again.
"""


def test_the_page_is_not_stale(load_edited: Edited, lab_home: str, request: pytest.FixtureRequest) -> None:
    made = HEAD + "".join(f"\n{chapter}" for chapter in _chapters(load_edited, lab_home))
    if request.config.getoption("--update-golden"):
        PAGE.write_text(made)
    assert PAGE.read_text() == made


def _chapters(load_edited: Edited, lab_home: str) -> Iterator[str]:
    for code in CODES:
        yield spec_rule_markdown(code.code, "error", code.title, code.why, level=2)
    for rule in RULES:
        text = spec_rule_markdown(rule.code, rule.severity, rule.title, getdoc(rule.check) or "", level=2)
        yield text + _example(load_edited, lab_home, rule.code)
    for code in RENDERED_CODES:
        yield spec_rule_markdown(code.code, "error", code.title, code.why, level=2)


def _changed_lines(text: str, edits: Edits) -> list[str]:
    edited = text
    for old, new in edits:
        edited = edited.replace(old, new)
    lines = unified_diff(text.splitlines(), edited.splitlines(), n=0, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def _example(load_edited: Edited, lab_home: str, code: str) -> str:
    edits = CASES[code][0]
    said = next(item for item in load_edited(*edits).diagnostics if item.code == code)
    changed = _changed_lines(lab_home, edits)
    return "\n".join(["", "```diff", *changed, "```", "", f"> {said.severity}: {said.message}  ", f"> hint: {said.hint}", ""])
