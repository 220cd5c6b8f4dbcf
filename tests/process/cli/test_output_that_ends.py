"""Whoever reads the output may go, or its disk may be full: a message or nothing, and never Python's own complaint."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SPEC = Path(__file__).parents[3] / "examples" / "lab-home.yaml"
TWINKEEL = (sys.executable, "-m", "twinkeel")
CHECK = [*TWINKEEL, "check", "-f", str(SPEC)]
"""So little that it is still in the buffer when the command ends: Python writes it out by itself then, and complains."""
BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


GONE = 141
"""As a shell tells of a program that SIGPIPE ended: no answer of a command's."""


@pytest.mark.parametrize("words", [("check", "-f", str(SPEC)), ("check", "--help"), ("status", "--help"), ("--help",)])
@pytest.mark.parametrize("buffered", [True, False])
def test_a_reader_that_is_gone(words: tuple[str, ...], buffered: bool) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    environment = BUFFERED if buffered else BUFFERED | {"PYTHONUNBUFFERED": "1"}
    with os.fdopen(writing, "wb") as output:
        ended = subprocess.run(
            [*TWINKEEL, *words], stdout=output, stderr=subprocess.PIPE, env=environment, text=True, timeout=60, check=False
        )
    assert (ended.returncode, ended.stderr) == (GONE, "")


def test_a_reader_that_is_gone_hides_no_finding(tmp_path: Path) -> None:
    spec = tmp_path / "twinkeel.yaml"
    spec.write_text("cluster: {}\n")
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as output:
        command = [*TWINKEEL, "check", "-f", str(spec)]
        ended = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, env=BUFFERED, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (1, "")


def test_an_error_comes_after_what_was_printed_before(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_bytes(SPEC.read_bytes())
    command = [*TWINKEEL, "check", "-f", str(tmp_path)]
    ended = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=BUFFERED, text=True, timeout=60, check=False
    )
    assert ended.returncode == 2
    assert ended.stdout.index("2 clusters:") < ended.stdout.index("twinkeel: two specs")


def test_a_full_disk() -> None:
    with Path("/dev/full").open("wb") as output:
        ended = subprocess.run(CHECK, stdout=output, stderr=subprocess.PIPE, env=BUFFERED, text=True, timeout=60, check=False)
    assert ended.returncode == 3
    assert ended.stderr.startswith("twinkeel: No space left on device\n")
    assert "Exception" not in ended.stderr
