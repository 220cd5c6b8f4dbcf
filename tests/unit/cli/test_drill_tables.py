"""The tables of drills fit the terminal; where there is none, no cell is cut."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from twinkeel.cli.drill_common import show
from twinkeel.cli.main import cli
from twinkeel.drill.trial import read_trials

FOLDER = Path(__file__).parents[1] / "drill/old_history"


@pytest.mark.parametrize("columns", [80, 100, 160])
def test_on_a_terminal_no_line_is_longer_than_it_is_wide(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: int
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    show(read_trials(FOLDER))
    lines = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()
    assert max(map(len, lines)) <= columns
    # Headings take two lines then; names and figures stay whole.
    assert any("haproxy-stop" in line and "3 / 117" in line and "pass" in line for line in lines)
    assert not any("…" in line for line in lines)


def test_without_a_terminal_each_trial_has_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("COLUMNS", "TTY_COMPATIBLE", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    show(read_trials(FOLDER))
    heading = next(line for line in capsys.readouterr().out.splitlines() if "scenario" in line)
    assert all(word in heading for word in ("downtime ms", "failed / requests", "reconnect ms", "verdict"))


@pytest.mark.parametrize("words", ["drill list", "bench list"])
def test_a_list_has_no_blanks_at_the_ends_of_its_lines(words: str) -> None:
    lines = CliRunner().invoke(cli, words.split()).output.splitlines()
    assert len(lines) > 10
    assert [line for line in lines if line != line.rstrip()] == []
