"""A command in a root of its own: without a network, and gone with everything that it started and mounted."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from twinkeel.debian.build_root import BuildRoot, _namespaces
from twinkeel.debian.commands import Worker
from twinkeel.errors import ToolError

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


@pytest.fixture
def root(tmp_path: Path) -> BuildRoot:
    """This machine's own files as the root: what is mounted there is mounted in the command's own namespace."""
    if subprocess.run([*_namespaces(), "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine forbids namespaces")
    (tmp_path / "root").symlink_to("/")
    return BuildRoot(tmp_path)


def test_a_command_has_no_network_and_leaves_no_mount(root: BuildRoot, tmp_path: Path) -> None:
    before = Path("/proc/self/mountinfo").read_text()
    lines: list[str] = []
    argv = ["sh", "-c", "pwd; echo lost > /dev/null; cat /proc/net/dev"]
    root.run(argv, log=tmp_path / "log", cwd="/usr/lib", env=ENVIRONMENT, on_line=lines.append)
    assert lines[0] == "/usr/lib"
    # /proc is the machine's, but /proc/net is that of the process that reads it.
    assert [line.split(":")[0].strip() for line in lines if ":" in line] in (["lo"], [])
    assert Path("/proc/self/mountinfo").read_text() == before


def test_a_failure_names_the_command_and_not_how_it_was_started(root: BuildRoot, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"^sh failed with exit code 4") as caught:
        root.run(["sh", "-c", "echo why; exit 4"], log=tmp_path / "log", env=ENVIRONMENT)
    assert caught.value.hint == "why"


def test_a_stopped_worker_takes_its_command_and_the_commands_children_along(root: BuildRoot, tmp_path: Path) -> None:
    started = threading.Event()
    mark = tmp_path / "still-there"
    # A child in a session of its own: only the end of its process namespace ends it. Two minutes at most.
    child = f"echo started; for i in $(seq 1200); do touch {mark}; sleep 0.1; done"
    argv = ["sh", "-c", f"setsid sh -c '{child}' & wait"]
    worker = Worker(lambda: root.run(argv, log=tmp_path / "log", env=ENVIRONMENT, on_line=lambda _: started.set()))
    worker.start()
    assert started.wait(60)
    worker.stop(30.0)
    assert not worker.is_alive()
    assert isinstance(worker.error, ToolError)
    assert is_quiet(mark)


@pytest.mark.skipif(os.geteuid() != 0, reason="the kernel forgets the wish of a user whose rights change")
def test_a_killed_builder_leaves_no_compiler(root: BuildRoot, tmp_path: Path) -> None:
    mark = tmp_path / "still-there"
    code = (
        "from pathlib import Path; from twinkeel.debian.build_root import BuildRoot\n"
        f"argv = ['sh', '-c', 'for i in $(seq 1200); do touch {mark}; sleep 0.1; done']\n"
        f"BuildRoot(Path({str(tmp_path)!r})).run(argv, log=Path({str(tmp_path / 'log')!r}), env={ENVIRONMENT!r})\n"
    )
    builder = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic_ns() + 60 * 10**9
    while not mark.exists():
        assert time.monotonic_ns() < deadline, "the command did not start"
        time.sleep(0.05)
    os.kill(builder.pid, signal.SIGKILL)
    builder.wait()
    assert is_quiet(mark)


def is_quiet(mark: Path) -> bool:
    """Nobody makes the file again within a second, which the child does ten times."""
    deadline = time.monotonic_ns() + 30 * 10**9
    while time.monotonic_ns() < deadline:
        mark.unlink(missing_ok=True)
        time.sleep(1.0)
        if not mark.exists():
            return True
    return False
