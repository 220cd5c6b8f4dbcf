"""Which processes belong to a lab, found in /proc; and ending them for certain."""

import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from twinkeel.errors import LabError

KILL_DEADLINE = 20.0
POLL = 0.01

PROC = Path("/proc")


def boot_id() -> str:
    """The running kernel's own id; after a reboot it is another."""
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()


def all_pids() -> list[int]:
    """Every process that we can see."""
    return [int(name) for name in os.listdir(PROC) if name.isdecimal()]


def start_time(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None when there is no such process. With the PID it names one process."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    # The program's name may hold blanks and parentheses: fields are counted behind the last one. See proc(5), field 22.
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


def command_line(pid: int) -> tuple[str, ...]:
    """A process's argv; empty when it is gone or a kernel thread."""
    try:
        return tuple(word.decode(errors="replace") for word in (PROC / str(pid) / "cmdline").read_bytes().split(b"\0")[:-1])
    except OSError:
        return ()


def with_argument(argument: str) -> list[int]:
    """Processes that were given exactly this argument: how a supervisor is found whose PID was never written down."""
    return [pid for pid in all_pids() if argument in command_line(pid)]


def in_network_namespace(inodes: Iterable[int]) -> list[int]:
    """Processes whose network namespace is one of these."""
    wanted = {f"net:[{inode}]" for inode in inodes}
    found = []
    for pid in all_pids():
        try:
            if os.readlink(PROC / str(pid) / "ns/net") in wanted:
                found.append(pid)
        except OSError:
            continue
    return found


def leader(pids: Iterable[int]) -> int | None:
    """Of a host's processes the one that is PID 1 inside: systemd. None when it is not (yet) there."""
    for pid in pids:
        try:
            text = (PROC / str(pid) / "status").read_text()
        except OSError:
            continue
        ids = next((line.split()[1:] for line in text.splitlines() if line.startswith("NSpid:")), [])
        # Two numbers: one namespace below ours. A pod's own PID 1 is deeper.
        if len(ids) == 2 and ids[1] == "1":
            return pid
    return None


def kill_all(members: Callable[[], Iterable[int]], what: str) -> None:
    """SIGKILL every member, again and again until none is left; we ourselves are left out.

    Raises:
        LabError: some are still there after 20 seconds (a process in an uninterruptible wait).
    """
    deadline = time.monotonic() + KILL_DEADLINE
    while alive := [pid for pid in set(members()) if pid != os.getpid() and start_time(pid) is not None]:
        if time.monotonic() > deadline:
            raise LabError(f"{len(alive)} processes of {what} do not end", where=f"PIDs {sorted(alive)[:8]}", hint="try again")
        for pid in alive:
            kill(pid)
        time.sleep(POLL)


def kill(pid: int) -> None:
    """SIGKILL one process if it is still there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
