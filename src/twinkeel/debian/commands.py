"""Long-running commands whose output goes to a log, stopped with all their children when we are."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from twinkeel.errors import ToolError

_TAIL_LINES = 6


class Worker(threading.Thread):
    """Work beside the main thread's, which can be stopped: the command that it runs is killed, and it starts no other.

    `error` is what ended the work before its time. The thread does not keep the process alive.
    """

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self.error: BaseException | None = None
        self._work = work
        self._lock = threading.Lock()
        self._stopped = False
        self._process: subprocess.Popen[str] | None = None

    def run(self) -> None:
        """The work, in the thread."""
        try:
            self._work()
        except BaseException as error:
            self.error = error

    def owns(self, process: subprocess.Popen[str] | None) -> None:
        """The command that runs now; it is killed if the work was stopped meanwhile."""
        with self._lock:
            self._process = process
            self._kill()

    def stop(self, deadline: float) -> None:
        """Kill what runs, and wait up to `deadline` seconds for the thread's end."""
        with self._lock:
            self._stopped = True
            self._kill()
        self.join(deadline)

    def _kill(self) -> None:
        if self._stopped and self._process is not None:
            _stop_group(self._process)


def run(
    argv: list[str],
    *,
    log: Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] | None = None,
) -> None:
    """Run a command to its end; its output is appended to `log` and, line by line, given to `on_line`.

    Raises:
        ToolError: the command is missing or failed; the message holds the last lines of its output.
    """
    tail: list[str] = []
    with log.open("a", buffering=1) as file:
        process = _start(argv, cwd, env)
        worker = threading.current_thread()
        if isinstance(worker, Worker):
            worker.owns(process)
        try:
            for line in process.stdout or ():
                file.write(line)
                tail = [*tail[1 - _TAIL_LINES :], line.rstrip()]
                if on_line:
                    on_line(line.rstrip())
            code = process.wait()
        finally:
            _stop_group(process)
            if isinstance(worker, Worker):
                worker.owns(None)
    if code != 0:
        raise ToolError(f"{argv[0]} failed with exit code {code}", where=f"{' '.join(argv[:4])}, log {log}", hint=" | ".join(tail))


def _start(argv: list[str], cwd: Path | None, env: Mapping[str, str] | None) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            argv,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            close_fds=False,  # children inherit the cache's lock
        )
    except FileNotFoundError as error:
        raise ToolError(
            f"{argv[0]} is not installed", where="this machine", hint=f"install the Debian package of {argv[0]}"
        ) from error


def _stop_group(process: subprocess.Popen[str]) -> None:
    """Leave no compiler behind when we are interrupted; after a normal end there is nobody left to stop."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
