"""Long-running commands whose output goes to a log, stopped with all their children when we are."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from twinkeel.errors import ToolError

_TAIL_LINES = 6


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
        try:
            for line in process.stdout or ():
                file.write(line)
                tail = [*tail[1 - _TAIL_LINES :], line.rstrip()]
                if on_line:
                    on_line(line.rstrip())
            code = process.wait()
        finally:
            _stop_group(process)
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
