"""What the real daemons' checkers say of every rule's examples: of good ones nothing, of bad ones what the rule says they say."""

import re
from pathlib import Path

import pytest
from audit_judges import haproxy_says, keepalived_says

from twinkeel.audit.examples import example_files, haproxy_preamble, unmarked
from twinkeel.audit.registry import RULES
from twinkeel.audit.rule import Example, Rule

EACH = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


def said(example: Example, folder: Path) -> list[str]:
    found = []
    for name, text in example_files(example):
        text = unmarked(text).text
        if name.endswith("haproxy.cfg"):
            found += haproxy_says([haproxy_preamble(text), text], folder)
        elif name.endswith("keepalived.conf"):
            found += keepalived_says(text, folder)
    return found


@EACH
def test_they_accept_the_good_example(rule: Rule, tmp_path: Path) -> None:
    assert said(rule.good, tmp_path) == []


@EACH
def test_they_say_of_the_bad_example_what_the_rule_says(rule: Rule, tmp_path: Path) -> None:
    complaints = said(rule.bad, tmp_path)
    assert bool(complaints) == rule.bad.checker_complains, complaints


def test_they_are_strict(tmp_path: Path) -> None:
    assert re.search("unknown keyword", " ".join(haproxy_says(["", "frontend x\n    bond *:1\n"], tmp_path)))
    assert re.search("Unknown keyword", " ".join(keepalived_says("global_defs {\n    rooter_id x\n}\n", tmp_path)))
