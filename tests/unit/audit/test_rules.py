"""Each rule finds its bad example at exactly the places that are marked in it, and nothing in its good one, a near miss."""

from pathlib import Path

import pytest

from twinkeel.audit import rules
from twinkeel.audit.examples import CLOSE, OPEN, example_files, example_pair, unmarked
from twinkeel.audit.registry import RULES
from twinkeel.audit.rule import Example, Rule

EACH = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


def found(rule: Rule, example: Example) -> set[tuple[str, int, int, int]]:
    places = [finding.place for finding in rule.check(example_pair(example))]
    return {(place.source.name, place.span.line, place.span.column, place.span.length) for place in places}


def marked(example: Example) -> set[tuple[str, int, int, int]]:
    files = {name: unmarked(text).spans for name, text in example_files(example)}
    return {(name, span.line, span.column, span.length) for name, spans in files.items() for span in spans}


@EACH
def test_the_bad_example_is_found_at_its_places(rule: Rule) -> None:
    assert marked(rule.bad)
    assert found(rule, rule.bad) == marked(rule.bad)


@EACH
def test_the_good_example_is_not_found(rule: Rule) -> None:
    assert marked(rule.good) == set()
    assert found(rule, rule.good) == set()


@EACH
def test_every_part_of_the_documentation_is_there(rule: Rule) -> None:
    for text in (rule.what, rule.why, rule.fix, rule.source, rule.versions):
        assert text.strip() == text
        assert text
        assert not any(sign in text for sign in (OPEN, CLOSE, "\n"))
    assert rule.what.endswith(".")
    assert not rule.fix.endswith(".")


@EACH
def test_a_finding_is_one_sentence_without_a_full_stop(rule: Rule) -> None:
    for finding in rule.check(example_pair(rule.bad)):
        assert "\n" not in finding.message
        assert not finding.message.endswith(".")


def test_every_module_is_registered_under_its_own_name() -> None:
    folder = Path(rules.__file__).parent
    modules = {path.stem.replace("_", "-") for path in folder.rglob("*.py") if path.stem != "__init__"}
    assert modules == {rule.name for rule in RULES}
    assert len(RULES) == len(modules)
