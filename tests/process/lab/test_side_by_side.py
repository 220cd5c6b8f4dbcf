"""Ctrl-C while an image and Kubernetes are made: the compiler of the one is gone when the other has ended."""

import threading
import time
from pathlib import Path

import pytest

from twinkeel.debian.commands import run
from twinkeel.lab.side_by_side import side_by_side


def test_an_interruption_ends_the_other_ones_command(tmp_path: Path) -> None:
    started, told = threading.Event(), []

    def line(text: str) -> None:
        told.append(int(text))
        started.set()

    def interrupted() -> None:
        assert started.wait(60)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        side_by_side(interrupted, lambda: run(["sh", "-c", "echo $$; exec sleep 120"], log=tmp_path / "log", on_line=line))
    deadline = time.monotonic_ns() + 30 * 10**9
    while Path(f"/proc/{told[0]}").exists():
        assert time.monotonic_ns() < deadline, "the command is still there"
        time.sleep(0.05)
