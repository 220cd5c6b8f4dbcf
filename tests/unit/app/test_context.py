"""One preparation for all commands: what was found is told, the passwords are there or said to be missing, nothing is printed."""

from pathlib import Path

import pytest

from twinkeel.app.context import SpecFindings, build_context
from twinkeel.app.run_log import log_of, logging
from twinkeel.errors import SpecError
from twinkeel.spec.secrets import Secrets
from twinkeel.support.events import Event, Notice

from .conftest import EXAMPLE

TIGHT = ("network_plugin: calico", "network_plugin: flannel, pod_network: 10.233.64.0/22")


def test_the_passwords_are_in_it_whether_a_command_renders_or_not(spec: Path, passwords: Secrets) -> None:
    found: list[SpecFindings] = []
    for renders in (False, True):
        context = build_context(spec, found.append, renders=renders)
        assert context.secrets == passwords
        assert repr(context) == f"Context({str(spec)!r})"
    assert [each.diagnostics for each in found] == [(), ()]
    assert (context.file, context.text) == (spec, spec.read_text())


def test_a_password_that_is_missing_stops_what_needs_it_and_nothing_else(spec: Path) -> None:
    context = build_context(spec, lambda _: None)
    assert context.topology.name == "lab-home"
    with pytest.raises(SpecError, match="metrics_password"):
        _ = context.secrets
    with pytest.raises(SpecError, match="metrics_password"):
        build_context(spec, lambda _: None, renders=True)


def test_passwords_that_others_can_read_are_refused_where_they_are_needed(spec: Path) -> None:
    file = spec.with_name("secrets.yaml")
    file.write_text('metrics_password: "abc"\nvrrp_password: "def"\n')
    file.chmod(0o644)
    with pytest.raises(SpecError, match="others can read"):
        _ = build_context(spec, lambda _: None).secrets
    file.chmod(0o600)
    assert build_context(spec, lambda _: None).secrets.metrics_password == "abc"  # noqa: S105


def test_findings_are_told_before_the_spec_is_refused_and_nothing_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, found = tmp_path / "twinkeel.yaml", list[SpecFindings]()
    file.write_text(EXAMPLE.read_text().replace(*TIGHT))
    with pytest.raises(SpecError, match="the spec has 1 error"):
        build_context(file, found.append)
    assert build_context(file, found.append, reading=True).topology.name == "lab-home"
    assert [[item.code for item in each.diagnostics] for each in found] == [["S030"], ["S030"]]
    assert [each.goes_on for each in found] == [False, True]
    assert capsys.readouterr() == ("", "")


def test_an_ssh_key_of_the_environment_is_in_the_spec_and_in_the_topology(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TWINKEEL_SSH_IDENTITY_FILE", str(tmp_path / "key"))
    context = build_context(EXAMPLE, lambda _: None)
    assert context.spec.ssh.identity_file == str(tmp_path / "key")
    assert {machine.ssh.identity_file for machine in context.topology.machines} == {str(tmp_path / "key")}


def test_who_listens_hears_notes_and_a_log_belongs_to_one_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    heard: list[Event] = []
    context = build_context(EXAMPLE, lambda _: None)
    context.note("nobody hears this")
    context.reporting_to(heard.append).note("look")
    assert heard == [Notice("look")]
    assert context.log is None
    log = logging(context, "apply").log
    assert log is not None
    assert log.parent == tmp_path / "twinkeel/logs"
    assert log.name.startswith("apply-lab-home-")
    assert log_of(logging(context, "apply"), "another").name.startswith("apply-")
    assert log_of(context, "bench").name.startswith("bench-lab-home-")
