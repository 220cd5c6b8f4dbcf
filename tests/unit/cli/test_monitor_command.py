"""`twinkeel monitor`: on standard output or in a file, exit codes, and what it says beside that."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from twinkeel.cli.main import main

EXAMPLE = (Path(__file__).parents[3] / "examples/lab-home.yaml").read_text()
MONITORING, METRICS = "\nmonitoring: {address: host}\n", "haproxy: {metrics: {address: host, user: prometheus}}\n"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def twinkeel(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """`twinkeel monitor` as a user starts it, on a spec with these lines more."""

    def run(keys: str, *arguments: str) -> tuple[int, str, str]:
        (tmp_path / "twinkeel.yaml").write_text(EXAMPLE + keys)
        monkeypatch.setenv("TWINKEEL_FILE", str(tmp_path / "twinkeel.yaml"))
        monkeypatch.setattr(sys, "argv", ["twinkeel", "monitor", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        output = capsys.readouterr()
        return int(ended.value.code or 0), output.out, output.err

    return run


@pytest.mark.parametrize("command", ["rules", "scrape", "dashboard"])
def test_without_anything_to_watch_it_says_what_to_add(twinkeel: Run, command: str) -> None:
    code, out, err = twinkeel("", command)
    assert (code, out) == (2, "")
    assert "the spec has no `monitoring`" in err
    assert "hint: add `monitoring: {address: host}`" in err


@pytest.mark.parametrize("command", ["rules", "scrape", "dashboard"])
def test_a_file_gets_the_same_and_its_name_is_told(twinkeel: Run, tmp_path: Path, command: str) -> None:
    code, out, err = twinkeel(MONITORING + METRICS, command)
    assert (code, err) == (0, "")
    made = tmp_path / "made"
    assert twinkeel(MONITORING + METRICS, command, "-o", str(made)) == (0, "", f"written: {made}\n")
    assert made.read_text() == out
    assert len(json.loads(out) if command == "dashboard" else YAML(typ="safe").load(out))


def test_what_is_left_out_is_said(twinkeel: Run) -> None:
    code, out, err = twinkeel(MONITORING, "rules")
    assert code == 0
    assert "nothing is made about API servers" in err
    assert "TwinkeelApiServerDown" not in out


def test_runbooks_are_a_page_that_one_can_go_to(twinkeel: Run) -> None:
    code, out, err = twinkeel(MONITORING + METRICS, "rules", "--runbooks", "not a url")
    assert (code, out) == (2, "")
    assert "--runbooks 'not a url' is no address of a page" in err


def test_alerts_link_to_where_the_runbooks_are(twinkeel: Run) -> None:
    _, out, _ = twinkeel(MONITORING + METRICS, "rules", "--runbooks", "https://wiki.example.org/x")
    assert "runbook_url: https://wiki.example.org/x#twinkeelvipwithoutholder" in out


def test_no_password_is_needed_and_none_is_shown(twinkeel: Run, tmp_path: Path) -> None:
    (tmp_path / "secrets.yaml").write_text("metrics_password: correct-horse-battery\n")
    (tmp_path / "secrets.yaml").chmod(0o600)
    for command in ("rules", "scrape", "dashboard"):
        code, out, err = twinkeel(MONITORING + METRICS, command)
        assert code == 0
        assert "correct-horse" not in out + err


def test_a_folder_that_is_not_there_is_told(twinkeel: Run, tmp_path: Path) -> None:
    code, _, err = twinkeel(MONITORING + METRICS, "rules", "-o", str(tmp_path / "away/rules.yml"))
    assert code == 2
    assert f"there is no such folder\n  where: {tmp_path}/away\n" in err


@pytest.mark.parametrize("command", ["rules", "scrape", "dashboard"])
def test_the_spec_itself_is_not_overwritten(twinkeel: Run, tmp_path: Path, command: str) -> None:
    """Its name is one slip away from twinkeel.json."""
    spec = tmp_path / "twinkeel.yaml"
    code, out, err = twinkeel(MONITORING + METRICS, command, "-o", str(spec))
    assert (code, out) == (2, "")
    assert f"that is the spec itself, and it is not overwritten\n  where: {spec}" in err
    assert "load_balancers" in spec.read_text()


def test_the_page_of_the_alerts_needs_no_spec(twinkeel: Run) -> None:
    code, out, _ = twinkeel("broken: [", "runbook")
    assert code == 0
    assert out.startswith("# The alerts\n")


def test_a_broken_spec_is_told_with_its_place(twinkeel: Run) -> None:
    code, _, err = twinkeel("\nmonitoring: {address: everywhere}\n", "rules")
    assert code == 2
    assert "everywhere" in err
