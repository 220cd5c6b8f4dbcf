"""Comments that leave a finding out: where they stand, what they must say, and those that do nothing."""

import pytest

from twinkeel.audit.audit import Audited, audit
from twinkeel.audit.examples import example_pair
from twinkeel.audit.registry import find_rule
from twinkeel.audit.rule import Example

RULE, OTHER = find_rule("common-vrid"), find_rule("slow-check")
KEEPALIVED = """\
vrrp_instance api {{
    interface eth0
    {above}
    virtual_router_id 51 {behind}
    priority 200
}}
"""


def audited(above: str = "", behind: str = "") -> Audited:
    assert RULE is not None
    assert OTHER is not None
    return audit(example_pair(Example(keepalived=KEEPALIVED.format(above=above, behind=behind))), [RULE, OTHER])


@pytest.mark.parametrize(
    ("above", "behind"),
    [
        ("", "# twinkeel: ignore[common-vrid] the segment is ours alone"),
        ("# twinkeel: ignore[common-vrid] the segment is ours alone", ""),
        ("", "# Twinkeel: Ignore[common-vrid] the segment is ours alone"),
        ("! twinkeel: ignore[ low-priority , common-vrid ] the segment is ours alone", ""),
        ("# twinkeel: ignore[common-vrid] the segment is ours alone\n\n    # and this is what it is about", ""),
    ],
)
def test_it_is_left_out(above: str, behind: str) -> None:
    outcome = audited(above, behind)
    assert outcome.found == ()
    assert outcome.idle == ()
    assert [by.reason for _, by in outcome.suppressed] == ["the segment is ours alone"]


@pytest.mark.parametrize(
    ("comment", "why"),
    [
        ("# twinkeel: ignore[common-vrid]", "it gives no reason"),
        ("# twinkeel: ignore[common-vrids] a slip", "there is no rule common-vrids"),
        ("# twinkeel: ignore[slow-check] of another rule", "there is nothing to leave out here"),
    ],
)
def test_one_that_does_nothing_is_told(comment: str, why: str) -> None:
    outcome = audited(behind=comment)
    assert len(outcome.found) == 1
    assert [text.startswith(why) for _, text in outcome.idle] == [True]


def test_in_a_haproxy_cfg_and_in_a_script() -> None:
    haproxy = (
        "backend kubernetes # twinkeel: ignore[kept-sessions] clients reconnect by themselves\n    server a 1.1.1.1:6443 check\n"
    )
    script = "#!/bin/sh\n# twinkeel: ignore[curl-without-fail] any answer will do\ncurl -m 1 https://localhost:6443/\n"
    keepalived = 'vrrp_script a {\n    script "/etc/keepalived/check.sh"\n}\n'
    outcome = audit(example_pair(Example(haproxy=haproxy, keepalived=keepalived, script=script)))
    assert {each.rule.name for each, _ in outcome.suppressed} == {"kept-sessions", "curl-without-fail"}


def test_files_with_the_same_text_are_one_finding_with_two_places() -> None:
    assert RULE is not None
    text = KEEPALIVED.format(above="", behind="")
    (found,) = audit(example_pair(Example(keepalived=text, peer_keepalived=text)), [RULE]).found
    assert [place.source.name for place in (found.finding.place, *found.also)] == ["lb-1/keepalived.conf", "lb-2/keepalived.conf"]


def test_the_same_line_of_files_that_differ_elsewhere_is_one_finding() -> None:
    assert RULE is not None
    text = KEEPALIVED.format(above="", behind="")
    peer = "global_defs {\n}\n" + text.replace("200", "100")
    (found,) = audit(example_pair(Example(keepalived=text, peer_keepalived=peer)), [RULE]).found
    assert [str(place) for place in found.also] == ["lb-2/keepalived.conf:6:23"]


def test_the_same_line_twice_in_one_file_is_two_findings() -> None:
    assert RULE is not None
    text = KEEPALIVED.format(above="", behind="")
    twice = text + text.replace(" api ", " web ")
    found = audit(example_pair(Example(keepalived=twice, peer_keepalived=twice)), [RULE]).found
    assert [(each.finding.place.span.line, [place.span.line for place in each.also]) for each in found] == [(4, [4]), (10, [10])]
