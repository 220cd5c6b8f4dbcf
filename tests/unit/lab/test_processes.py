"""Finding processes in /proc and ending them."""

import os
import subprocess
import sys
import time

import pytest

from twinkeel.errors import LabError
from twinkeel.lab import processes

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"


def test_start_time_tells_a_process_from_a_later_one() -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as child:
        ours, theirs = processes.start_time(os.getpid()), processes.start_time(child.pid)
        assert ours is not None
        assert theirs is not None
        assert theirs > ours
        child.kill()


def test_a_process_that_has_ended_has_no_start_time_even_as_a_zombie() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    deadline = time.monotonic() + 60
    while processes.start_time(child.pid) is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert processes.start_time(child.pid) is None
    child.wait()
    assert processes.start_time(child.pid) is None


def test_kill_all_ends_what_ignores_polite_signals_and_comes_back() -> None:
    child = subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    later: list[subprocess.Popen[bytes]] = []

    def members() -> list[int]:
        # A second one appears while the first one ends, as a fork does between two looks.
        if not later:
            later.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]))
        return [child.pid, *(one.pid for one in later)]

    processes.kill_all(members, "the test")
    assert child.wait(60) == -9
    assert later[0].wait(60) == -9
    child.stdout.close()


def test_kill_all_spares_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[int] = []
    monkeypatch.setattr(processes, "kill", killed.append)
    processes.kill_all(lambda: [os.getpid()], "the test")
    assert killed == []


def test_kill_all_names_what_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "kill", lambda _pid: None)
    monkeypatch.setattr(processes, "KILL_DEADLINE", 0.0)
    with pytest.raises(LabError, match="1 processes of the test do not end") as caught:
        processes.kill_all(lambda: [os.getppid()], "the test")
    assert str(os.getppid()) in caught.value.where


def test_a_process_is_found_by_a_whole_argument_only() -> None:
    program = "print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program, "/labs/one/supervise"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        try:
            # Its first line: the kernel shows no arguments of a process that has only just been started.
            assert child.stdout is not None
            child.stdout.readline()
            assert child.pid in processes.with_argument("/labs/one/supervise")
            assert child.pid not in processes.with_argument("/labs/one")
        finally:
            child.kill()


def test_our_own_network_namespace_holds_us() -> None:
    assert os.getpid() in processes.in_network_namespace([os.stat("/proc/self/ns/net").st_ino])
    assert processes.in_network_namespace([1]) == []
