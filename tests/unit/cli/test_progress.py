"""Progress where there is no terminal: every kind of work once, and not a line for each of two thousand files."""

import pytest

from twinkeel.cli.progress import progress_bar


def test_a_line_for_each_kind_of_work(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("lab x") as show:
        show("unpack the source", 0.0)
        for number in range(2000):
            show(f"compile package {number}", number / 2000)
        show("lb-1 answers", 0.5)
        show("lb-1 answers", 0.5)
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["lab x: unpack the source", "lab x: compile package 0", "lab x: lb-1 answers (50%)"]
