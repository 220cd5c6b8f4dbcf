"""Whoever reads the output may go, or its disk may be full: a message or nothing, and never Python's own complaint."""

import os
import subprocess
import sys
from pathlib import Path

SPEC = Path(__file__).parents[3] / "examples" / "lab-home.yaml"
CHECK = [sys.executable, "-m", "twinkeel", "check", "-f", str(SPEC)]
"""So little that it is still in the buffer when the command ends: Python writes it out by itself then, and complains."""
BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


def test_a_reader_that_is_gone() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as output:
        ended = subprocess.run(CHECK, stdout=output, stderr=subprocess.PIPE, env=BUFFERED, text=True, timeout=60, check=False)
    assert (ended.returncode in (1, 3), ended.stderr) == (True, "")


def test_a_full_disk() -> None:
    with Path("/dev/full").open("wb") as output:
        ended = subprocess.run(CHECK, stdout=output, stderr=subprocess.PIPE, env=BUFFERED, text=True, timeout=60, check=False)
    assert ended.returncode == 3
    assert ended.stderr.startswith("twinkeel: No space left on device\n")
    assert "Exception" not in ended.stderr
