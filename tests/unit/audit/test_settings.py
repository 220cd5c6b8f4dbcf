"""`.twinkeel-audit.yaml`: what it leaves out, and every slip with its exact place."""

import pytest

from twinkeel.audit.audit import Audited, audit
from twinkeel.audit.examples import example_pair
from twinkeel.audit.profiles import _WARNINGS_THAT_BREAK, rules_of
from twinkeel.audit.registry import RULES
from twinkeel.audit.report_sarif import sarif
from twinkeel.audit.rule import Example
from twinkeel.audit.settings import Settings, read_settings
from twinkeel.source import SourceFile, Span

KEEPALIVED = """\
vrrp_instance api {
    interface eth0
    virtual_router_id 51
    priority 200
}
"""
PAIR = example_pair(Example(keepalived=KEEPALIVED, peer_keepalived=KEEPALIVED.replace("200", "100")))


def read(text: str) -> Settings:
    settings, found = read_settings(SourceFile("a.yaml", text))
    assert found == ()
    return settings


def audited(text: str) -> Audited:
    settings = read(text)
    return audit(PAIR, rules_of(settings.profile or "everything"), settings.ignored)


def names(outcome: Audited) -> list[str]:
    return [f"{each.rule.name} {each.finding.place}" for each in outcome.found if each.rule.name == "common-vrid"]


def test_everything_that_can_be_said() -> None:
    settings = read(
        "# ours\nprofile: breaks\nseverity: error\nignore:\n  common-vrid: one pair\n  slow-check: {reason: r, files: x}\n"
    )
    assert (settings.profile, settings.severity) == ("breaks", "error")
    assert [(each.rule, each.reason, each.files) for each in settings.ignored] == [
        ("common-vrid", "one pair", ()),
        ("slow-check", "r", ("x",)),
    ]
    assert read("") == read("# nothing\n") == Settings()


def test_a_rule_is_left_out_with_its_reason() -> None:
    assert len(audited("profile: everything").found[0].also) + 1 == 2
    outcome = audited("ignore:\n  common-vrid: the segment is ours\n")
    assert names(outcome) == []
    assert [by.reason for _, by in outcome.suppressed] == ["the segment is ours"] * 2
    assert outcome.idle == ()
    results = sarif(outcome.found, outcome, RULES, "1")["runs"][0]["results"]
    kinds = [each["suppressions"] for each in results if "suppressions" in each]
    assert kinds == [[{"kind": "external", "justification": "the segment is ours"}]] * 2


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("lb-1/keepalived.conf", ["lb-2"]),
        ("lb-2/*", ["lb-1"]),
        ("keepalived.conf", []),
        ("*.cfg", ["lb-1", "lb-2"]),
        ("b-1/keepalived.conf", ["lb-1", "lb-2"]),
    ],
)
def test_a_rule_is_left_out_in_some_files(pattern: str, left: list[str]) -> None:
    outcome = audited(f'ignore:\n  common-vrid: {{reason: r, files: ["{pattern}"]}}\n')
    places = [place for each in outcome.found if each.rule.name == "common-vrid" for place in (each.finding.place, *each.also)]
    assert [place.source.name.partition("/")[0] for place in places] == left


def test_what_does_nothing_is_told_unless_it_was_not_asked() -> None:
    ((asked, why),) = audited("ignore:\n  strict-vrrp: r\n").idle
    assert (str(asked.place), why) == ("a.yaml:2:3", "there is nothing to leave out here")
    assert audited("profile: breaks\nignore:\n  common-vrid: r\n").idle == ()


def test_profiles() -> None:
    breaks = {rule.name for rule in rules_of("breaks")}
    assert rules_of("everything") == RULES
    assert {rule.name for rule in RULES if rule.severity == "error"} < breaks
    severities = {rule.name: rule.severity for rule in RULES}
    assert {severities[name] for name in _WARNINGS_THAT_BREAK} == {"warning"}
    assert not breaks & {"no-log", "runs-as-root", "common-vrid"}


@pytest.mark.parametrize(
    ("text", "code", "span", "message", "hint"),
    [
        ("profil: breaks\n", "A001", Span(1, 1, 6), "there is no key `profil` here", "did you mean profile?"),
        ("\nnonsense: 1\n", "A001", Span(2, 1, 8), "there is no key `nonsense` here", "choose one of ignore, profile, severity"),
        ("ignore:\n  common-vird: r\n", "A002", Span(2, 3, 11), "there is no rule `common-vird`", "did you mean common-vrid?"),
        ("ignore:\n  zzz: r\n", "A002", Span(2, 3, 3), "there is no rule `zzz`", "docs/audit.md lists them"),
        ("ignore:\n  no-log:\n", "A003", Span(2, 3, 6), "no-log is left out without a reason", "no-log: why that is right here"),
        (
            "ignore:\n  no-log: ' '\n",
            "A003",
            Span(2, 3, 6),
            "no-log is left out without a reason",
            "no-log: why that is right here",
        ),
        (
            "ignore: {no-log: {files: x}}\n",
            "A003",
            Span(1, 10, 6),
            "no-log is left out without a reason",
            "no-log: why that is right here",
        ),
        ("ignore:\n  no-log: {reason: r, file: x}\n", "A001", Span(2, 23, 4), "there is no key `file` here", "did you mean files?"),
        (
            "ignore:\n  no-log: {reason: r, files: {a: b}}\n",
            "A004",
            Span(2, 23, 5),
            "files is a pattern of file names, or a list of them",
            "",
        ),
        ("ignore: [no-log]\n", "A004", Span(1, 1, 6), "ignore holds rules, each with a reason", ""),
        ("ignore:\n", "A004", Span(1, 1, 6), "ignore holds rules, each with a reason", ""),
        ("severity: warn\n", "A004", Span(1, 11, 4), "severity cannot be `warn`", "did you mean warning?"),
        ("severity:\n", "A004", Span(1, 1, 8), "severity cannot be `None`", ""),
        ("profile: [breaks]\n", "A004", Span(1, 1, 7), "profile cannot be a list", ""),
        ("- a\n", "S005", Span(1, 1, 1), "the file holds a list", "the keys are ignore, profile, severity"),
        ("profile: breaks\nprofile: breaks\n", "S003", Span(2, 1, 7), "`profile` is given twice", ""),
        ("a: [\n", "S001", None, "not YAML", ""),
    ],
)
def test_a_slip_is_an_error_with_its_place(text: str, code: str, span: Span | None, message: str, hint: str) -> None:
    _, found = read_settings(SourceFile("a.yaml", text))
    (only,) = found
    assert (only.code, only.severity) == (code, "error")
    assert only.message.startswith(message)
    assert only.hint
    assert hint in only.hint
    assert span is None or only.span == span


def test_all_slips_are_told_at_once() -> None:
    _, found = read_settings(SourceFile("a.yaml", "a: 1\nprofile: b\nignore: {c: d}\n"))
    assert [each.code for each in found] == ["A001", "A004", "A002"]
