"""`twinkeel init` in a real terminal: questions and answers, and Ctrl-C in the middle."""

import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from select import select

import pytest

from twinkeel.spec.document import read_source
from twinkeel.spec.load import load

TWINKEEL = Path(sys.executable).with_name("twinkeel")
DEADLINE = 200.0


class Terminal:
    """A child on a pseudo-terminal: what it shows, and what is typed."""

    def __init__(self, folder: Path, *command: str) -> None:
        self._ours, theirs = pty.openpty()
        environment = {key: value for key, value in os.environ.items() if not key.startswith("TWINKEEL_")}
        streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
        self.child = subprocess.Popen([TWINKEEL, *command], cwd=folder, env=environment, preexec_fn=_own_terminal, **streams)
        os.close(theirs)
        self.shown = ""

    def expect(self, text: str) -> None:
        """Read until the text is shown, after what was expected before."""
        start, end = len(self.shown), time.monotonic_ns() + int(DEADLINE * 1e9)
        while text not in self.shown[start:] and time.monotonic_ns() < end:
            if not self._read():
                break
        assert text in self.shown[start:], self.shown

    def _read(self) -> bool:
        if not select([self._ours], [], [], 1)[0]:
            return True
        try:
            data = os.read(self._ours, 65536)
        except OSError:  # Linux: the other side was closed.
            return False
        self.shown += data.decode().replace("\r\n", "\n")
        return bool(data)

    def type(self, line: str) -> None:
        os.write(self._ours, f"{line}\n".encode())

    def end(self) -> int:
        """Read to the end; the exit code."""
        end = time.monotonic_ns() + int(DEADLINE * 1e9)
        while self.child.poll() is None and time.monotonic_ns() < end:
            self._read()
        while select([self._ours], [], [], 0)[0] and self._read():
            pass
        return self.child.wait(10)

    def close(self) -> None:
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        os.close(self._ours)


def _own_terminal() -> None:
    """In the child: its input is its terminal, whose Ctrl-C reaches it, even where a job's shell ignores it."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    started = Terminal(tmp_path, "init", "--interface", "ens18")
    yield started
    started.close()


def test_a_person_answers(terminal: Terminal, tmp_path: Path) -> None:
    for question, answer in (
        ("cluster's name: ", "small"),
        ("NAME.DOMAIN: ", "example.org"),
        ("several): ", "192.168.1.300/24"),
        ("several): ", "192.168.1.110/24"),
        ("[api.example.org]: ", ""),
        ("  1: ", "lb-1=192.168.1.111"),
        ("  2: ", "lb-2=192.168.1.112"),
        ("  3: ", ""),
        ("  1: ", "master-1=192.168.1.101"),
        ("  2: ", ""),
        ("  1: ", ""),
        ("[fast]: ", ""),
        ("[root]: ", ""),
    ):
        terminal.expect(question)
        terminal.type(answer)

    assert terminal.end() == 0, terminal.shown
    assert "`192.168.1.300/24` is not an address" in terminal.shown
    assert "warning: one control-plane host" in terminal.shown
    assert "interface of the hosts" not in terminal.shown
    loaded = load(read_source(tmp_path / "twinkeel.yaml"))
    assert loaded.spec is not None
    assert loaded.spec.interface == "ens18"
    assert (tmp_path / "secrets.yaml").stat().st_mode & 0o777 == 0o600


def test_ctrl_c_leaves_nothing_behind(terminal: Terminal, tmp_path: Path) -> None:
    terminal.expect("cluster's name: ")
    terminal.type("small")
    terminal.expect("NAME.DOMAIN: ")

    terminal.type("\x03")

    assert terminal.end() == 130
    assert "twinkeel: interrupted" in terminal.shown
    assert list(tmp_path.iterdir()) == []
