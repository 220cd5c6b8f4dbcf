"""Folders made once: whole or not at all, and by one at a time."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from twinkeel.debian.cache import make_once
from twinkeel.debian.commands import run
from twinkeel.errors import ToolError


def nobody_waits() -> None:
    pytest.fail("nobody else is at work")


def test_made_once_then_kept(tmp_path: Path) -> None:
    calls: list[Path] = []

    def make(work: Path) -> Path:
        calls.append(work)
        (work / "rubbish").write_text("x")
        (work / "out").mkdir()
        (work / "out" / "file").write_text("content")
        return work / "out"

    target = tmp_path / "cache" / "thing"
    assert make_once(target, make, on_wait=nobody_waits) == target
    assert make_once(target, make, on_wait=nobody_waits) == target
    assert len(calls) == 1
    assert (target / "file").read_text() == "content"
    assert sorted(path.name for path in target.parent.iterdir()) == ["thing", "thing.lock"]


def test_a_failure_leaves_no_target_and_the_next_run_resumes(tmp_path: Path) -> None:
    def fail(work: Path) -> Path:
        (work / "half").write_text("done before")
        raise ToolError("stopped halfway")

    def resume(work: Path) -> Path:
        assert (work / "half").read_text() == "done before"
        return work

    target = tmp_path / "thing"
    with pytest.raises(ToolError, match="stopped halfway"):
        make_once(target, fail, on_wait=nobody_waits)
    assert not target.exists()
    make_once(target, resume, on_wait=nobody_waits)
    assert (target / "half").exists()


def test_two_at_once_make_it_once(tmp_path: Path) -> None:
    """The second waits, says so once, and finds what the first made."""
    started, finish = threading.Event(), threading.Event()
    waits: list[str] = []
    target = tmp_path / "thing"

    def slow(work: Path) -> Path:
        started.set()
        assert finish.wait(60)
        return work

    def second(work: Path) -> Path:
        pytest.fail("it was made already")

    def waiting() -> None:
        waits.append("waited")
        finish.set()

    first = threading.Thread(target=make_once, args=(target, slow), kwargs={"on_wait": nobody_waits})
    first.start()
    assert started.wait(60)
    make_once(target, second, on_wait=waiting)
    first.join()
    assert waits == ["waited"]


def test_a_killed_maker_leaves_the_lock_to_its_compiler_and_then_to_us(tmp_path: Path) -> None:
    """SIGKILL of the maker: its child still writes, so the lock holds until the child has ended."""
    # A minute at most, so that nothing is left of it where the lock does not hold.
    writes = "echo started; for i in $(seq 3000); do [ -e ../go ] && break; sleep 0.02; done; echo late > late"
    code = (
        "import sys; from pathlib import Path; from twinkeel.debian.cache import make_once\n"
        "from twinkeel.debian.commands import run\n"
        "def make(work):\n"
        f"    run(['sh', '-c', {writes!r}], log=work / 'log', cwd=work)\n"
        f"make_once(Path({str(tmp_path / 'thing')!r}), make, on_wait=lambda: None)\n"
    )
    maker = subprocess.Popen([sys.executable, "-c", code])
    log = tmp_path / "thing.part" / "log"
    deadline = time.monotonic_ns() + 60 * 10**9
    while not (log.exists() and "started" in log.read_text()):
        assert time.monotonic_ns() < deadline, "the maker did not start"
        time.sleep(0.01)
    os.kill(maker.pid, signal.SIGKILL)
    maker.wait()
    waits: list[str] = []

    def make(work: Path) -> Path:
        assert (work / "late").exists(), "the killed maker's child was still writing"
        return work

    def waiting() -> None:
        waits.append("waited")
        (tmp_path / "go").touch()

    make_once(tmp_path / "thing", make, on_wait=waiting)
    assert waits == ["waited"]


def test_a_failed_command_shows_the_end_of_its_output(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="sh failed with exit code 3") as caught:
        run(["sh", "-c", "echo first; echo last words >&2; exit 3"], log=tmp_path / "log")
    assert caught.value.hint == "first | last words"
    assert (tmp_path / "log").read_text() == "first\nlast words\n"


def test_a_missing_command_is_named(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="no-such-command is not installed"):
        run(["no-such-command"], log=tmp_path / "log")


def test_an_interruption_stops_the_command_and_its_children(tmp_path: Path) -> None:
    def interrupt(line: str) -> None:
        raise KeyboardInterrupt

    pid_file = tmp_path / "pid"
    with pytest.raises(KeyboardInterrupt):
        run(["sh", "-c", f"sleep 60 & echo $! > {pid_file}; echo ready; wait"], log=tmp_path / "log", on_line=interrupt)
    pid = int(pid_file.read_text())
    deadline = time.monotonic_ns() + 60 * 10**9
    while _runs(pid):
        assert time.monotonic_ns() < deadline, "the command's child still runs"
        time.sleep(0.01)


def _runs(pid: int) -> bool:
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
