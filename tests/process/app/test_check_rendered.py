"""What `check` learns from the rendered files: refusals, and the daemons' own judgement of raw lines."""

import json
from pathlib import Path

import pytest

import twinkeel.render.validate as judges
from twinkeel.app.check_rendered import Validation, validate_rendered
from twinkeel.source import SourceFile, Span
from twinkeel.spec.load import load
from twinkeel.spec.schema import json_schema

TEXT = (Path(__file__).parents[2] / "fuzz/every-key.yaml").read_text()


def raw_line_examples() -> list[tuple[str, str]]:
    """Every example that the reference gives for raw lines."""
    schema = json_schema()["$defs"]
    return [
        (f"{program}.{name}", node["examples"][0])
        for program in ("haproxy", "keepalived")
        for name, node in schema[f"{program.capitalize()}Extra"]["properties"].items()
    ]


def judged(*edits: tuple[str, str]) -> Validation:
    text = TEXT
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    loaded = load(SourceFile("twinkeel.yaml", text))
    assert loaded.spec is not None, loaded.diagnostics
    assert loaded.document is not None
    return validate_rendered(loaded.spec, loaded.document, Path("/srv"))


def needs(program: str) -> None:
    if program not in judges.installed():
        pytest.skip(f"{program} is not installed")


def test_good_raw_lines_are_accepted() -> None:
    needs("haproxy")
    needs("keepalived")
    assert judged() == Validation((), ())


def test_haproxy_judges_each_line_of_a_block() -> None:
    needs("haproxy")
    found = judged(("    mode http\n", "    mode htp\n"), ("timeout server 2h", "timeout servr 2h")).diagnostics
    assert [(item.code, item.severity, item.span) for item in found] == [
        ("S091", "error", Span(60, 14, 16)),
        ("S091", "error", Span(63, 9, 8)),
    ]
    assert "unknown proxy mode 'htp'" in found[1].message


def test_keepalived_judges_a_line_once_however_many_instances_have_it() -> None:
    needs("keepalived")
    found = judged(("garp_master_repeat 5", "garp_master_repeatt 5")).diagnostics
    assert [(item.code, item.span) for item in found] == [("S091", Span(69, 20, 21))]


def test_a_daemon_that_is_not_here_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judges, "SEARCHED", ())
    found = judged(("    mode http\n", "    mode htp\n"))
    assert found.diagnostics == ()
    assert found.notes == (
        "haproxy is not installed here, so nobody has validated the lines of haproxy.extra",
        "keepalived is not installed here, so nobody has validated the lines of keepalived.extra",
    )


def test_what_cannot_be_rendered_is_a_finding_at_its_key() -> None:
    found = judged(("max_connections: 5000", "max_connections: 400000")).diagnostics
    assert [(item.code, item.span) for item in found] == [("S090", Span(54, 20, 6))]
    assert "open files" in found[0].message


DEFINED = """\
    definitions: |
      vrrp_script gateway {
          script "/usr/bin/true"
      }
    vrrp_instance: |
      track_script {
          gateway
      }
"""


def test_what_an_instance_names_can_be_defined_before_it(tmp_path: Path) -> None:
    needs("keepalived")
    spec = (Path(__file__).parents[3] / "examples/lab-home.yaml").read_text()
    good = load(SourceFile("s", f"{spec}keepalived:\n  extra:\n{DEFINED}"))
    assert good.spec is not None
    assert good.document is not None
    assert validate_rendered(good.spec, good.document, tmp_path) == Validation((), ())
    late = load(SourceFile("s", f"{spec}keepalived:\n  extra:\n{DEFINED.replace('definitions', 'sections')}"))
    assert late.spec is not None
    assert late.document is not None
    (found,) = validate_rendered(late.spec, late.document, tmp_path).diagnostics
    assert "keepalived.extra.definitions" in found.hint


@pytest.mark.parametrize(("key", "example"), raw_line_examples(), ids=lambda each: str(each)[:40])
def test_every_example_of_raw_lines_in_the_reference_is_accepted(tmp_path: Path, key: str, example: str) -> None:
    program, _, name = key.partition(".")
    needs(program)
    spec = (Path(__file__).parents[3] / "examples/lab-home.yaml").read_text()
    loaded = load(SourceFile("s", f"{spec}{program}: {{extra: {{{name}: {json.dumps(example)}}}}}\n"))
    assert loaded.spec is not None, loaded.diagnostics
    assert loaded.document is not None
    assert validate_rendered(loaded.spec, loaded.document, tmp_path) == Validation((), ())


def test_a_checker_of_another_version_warns_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    needs("haproxy")
    monkeypatch.setattr(judges, "version_of", lambda program: {"haproxy": "1.9.1"}.get(program, ""))
    found = judged(("    mode http\n", "    mode htp\n"))
    assert [(item.code, item.severity) for item in found.diagnostics] == [("S091", "warning")]
    assert found.diagnostics[0].message.startswith("HAProxy 1.9.1: ")
    assert any("haproxy 1.9.1 of this machine" in note for note in found.notes)


@pytest.mark.parametrize("how", ["kill -TERM 0", "kill -KILL $$"])
def test_a_checker_that_died_has_neither_accepted_nor_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str) -> None:
    program = tmp_path / "sbin/keepalived"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{how}\n")
    program.chmod(0o755)
    tmp_path.chmod(0o755)
    monkeypatch.setattr(judges, "_find", lambda name, _: str(program) if name == "keepalived" else None)
    monkeypatch.setattr(judges, "_OWN_PROCESSES", ("false",))
    monkeypatch.setattr(judges, "_isolation", lambda _: ())
    found = judged()
    assert found.diagnostics == ()
    assert any("before it had validated" in note and "neither accepted nor refused" in note for note in found.notes)
