"""What `check` learns from the rendered files: refusals, and the daemons' own judgement of raw lines."""

from pathlib import Path

import pytest

import twinkeel.render.judge as judges
from twinkeel.cli.check_rendered import Judgement, judge_rendered
from twinkeel.source import SourceFile, Span
from twinkeel.spec.load import load

TEXT = (Path(__file__).parents[2] / "fuzz/every-key.yaml").read_text()


def judged(*edits: tuple[str, str]) -> Judgement:
    text = TEXT
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    loaded = load(SourceFile("twinkeel.yaml", text))
    assert loaded.spec is not None, loaded.diagnostics
    assert loaded.document is not None
    return judge_rendered(loaded.spec, loaded.document, Path("/srv"))


def needs(program: str) -> None:
    if program not in judges.installed():
        pytest.skip(f"{program} is not installed")


def test_good_raw_lines_are_accepted() -> None:
    needs("haproxy")
    needs("keepalived")
    assert judged() == Judgement((), ())


def test_haproxy_judges_each_line_of_a_block() -> None:
    needs("haproxy")
    found = judged(("    mode http\n", "    mode htp\n"), ("timeout server 2h", "timeout servr 2h")).diagnostics
    assert [(item.code, item.severity, item.span) for item in found] == [
        ("S091", "error", Span(59, 14, 16)),
        ("S091", "error", Span(62, 9, 8)),
    ]
    assert "unknown proxy mode 'htp'" in found[1].message


def test_keepalived_judges_a_line_once_however_many_instances_have_it() -> None:
    needs("keepalived")
    found = judged(("garp_master_repeat 5", "garp_master_repeatt 5")).diagnostics
    assert [(item.code, item.span) for item in found] == [("S091", Span(68, 20, 21))]


def test_a_daemon_that_is_not_here_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judges, "SEARCHED", ())
    found = judged(("    mode http\n", "    mode htp\n"))
    assert found.diagnostics == ()
    assert found.notes == (
        "haproxy is not installed here, so nobody has judged the lines of haproxy.extra",
        "keepalived is not installed here, so nobody has judged the lines of keepalived.extra",
    )


def test_what_cannot_be_rendered_is_a_finding_at_its_key() -> None:
    found = judged(("max_connections: 5000", "max_connections: 400000")).diagnostics
    assert [(item.code, item.span) for item in found] == [("S090", Span(53, 20, 6))]
    assert "open files" in found[0].message
