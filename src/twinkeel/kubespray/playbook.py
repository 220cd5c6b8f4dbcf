"""Run one playbook: events as they come, a private log, a clean end on Ctrl-C."""

import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import IO

from twinkeel.errors import HostError, ToolError
from twinkeel.kubespray.causes import likely_cause
from twinkeel.kubespray.command import Invocation, process_environment
from twinkeel.kubespray.events import Event, HostResult, PlayBegan, RunEnded, TaskBegan, parse_event
from twinkeel.kubespray.progress import Progress
from twinkeel.kubespray.redact import redact

RESUME = "run the same command again: what is done is not done twice"
GRACE_PERIOD = 10.0
OnProgress = Callable[[Event, Progress], None]


def run_playbook(invocation: Invocation, log: Path, show: OnProgress) -> Progress:
    """Run it to its end; the last state.

    Args:
        log: a file that is added to, made with mode 0600. Secrets are hidden in it.
        show: is told every event, and the state after it.

    Raises:
        HostError: a task failed on a host, or a host was lost; the message has the likely cause and how to resume.
        ToolError: ansible-playbook could not be run, failed, or was killed; or the log cannot be written.
        KeyboardInterrupt: after ansible-playbook ended.
    """
    progress = Progress(time.monotonic_ns())
    complaints: deque[str] = deque(maxlen=20)
    try:
        code = _follow(invocation, log, show, progress, complaints)
    except BrokenPipeError:
        # It is not the log but what is shown: nobody reads it any more.
        raise
    except OSError as error:
        what = f"the log cannot be written, so ansible-playbook was ended: {error.strerror or error}"
        raise ToolError(what, where=str(log), hint=f"make room on this machine (df -h), then {RESUME}") from error
    _require_success(code, progress, list(complaints), log)
    return progress


def _follow(invocation: Invocation, log: Path, show: OnProgress, progress: Progress, complaints: deque[str]) -> int:
    """Run it, and take every event as it comes; the exit code. Raises OSError when the log cannot be written."""
    with _open_log(log) as output:
        output.write(f"\n$ {redact(invocation.text())}\n")
        child = _start(invocation)
        reader = threading.Thread(target=_drain, args=(child.stderr, output, complaints), daemon=True)
        reader.start()
        try:
            assert child.stdout is not None  # noqa: S101 - Popen was given a pipe
            for line in child.stdout:
                _take(line, progress, output, show)
            return child.wait()
        except BaseException:
            stop(child)
            raise
        finally:
            reader.join(GRACE_PERIOD)


def stop(child: "subprocess.Popen[str]", grace_period: float = GRACE_PERIOD) -> None:
    """End ansible-playbook and its workers: asked first, forced when they do not end within `grace_period` seconds."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, number)
            child.wait(grace_period)
        except ProcessLookupError:
            child.wait()
        except subprocess.TimeoutExpired:
            continue
        return


def _start(invocation: Invocation) -> "subprocess.Popen[str]":
    try:
        # A session of its own: Ctrl-C comes to us alone, and we end the whole group.
        return subprocess.Popen(
            invocation.argv,
            cwd=invocation.folder,
            env=process_environment(invocation, os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        what = f"ansible-playbook cannot be started: {error.strerror}"
        raise ToolError(what, where=invocation.argv[0], hint="twinkeel kubespray fetch") from error


def _take(line: str, progress: Progress, output: IO[str], show: OnProgress) -> None:
    event = parse_event(line)
    if event is None:
        if line.strip() and not line.startswith("{"):
            output.write(redact(line))
        return
    progress.take(event, time.monotonic_ns())
    output.write(_log_line(event))
    if isinstance(event, TaskBegan | RunEnded) or (isinstance(event, HostResult) and event.message):
        output.flush()
    show(event, progress)


def _log_line(event: Event) -> str:
    now = time.strftime("%H:%M:%S")
    match event:
        case PlayBegan(name):
            return f"\n{now} PLAY {name}\n"
        case TaskBegan(name, path):
            return f"{now} TASK {name}  ({path})\n"
        case HostResult(host, _, outcome, message):
            return f"{now}   {outcome} {host}" + (f": {redact(message)}\n" if message else "\n")
        case RunEnded(failed, unreachable):
            return f"{now} END failed: {', '.join(failed) or 'none'}; unreachable: {', '.join(unreachable) or 'none'}\n"


def _drain(stream: IO[str] | None, output: IO[str], complaints: deque[str]) -> None:
    for line in stream or ():
        hidden = redact(line)
        complaints.append(hidden.rstrip())
        # When the log cannot be written the one who reads the events says so; here the pipe must not fill up.
        with suppress(OSError):
            output.write(hidden)


def _open_log(log: Path) -> TextIOWrapper:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.fchmod(descriptor, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8")


def _require_success(code: int, progress: Progress, complaints: list[str], log: Path) -> None:
    failures = progress.failures()
    if code == 0:
        return
    if failures and code > 0:
        raise _host_error(failures, log)
    if code < 0:
        name = signal.Signals(-code).name
        at = f" in the task {progress.task!r}" if progress.task else ""
        memory = "; SIGKILL often means that this machine ran out of memory (dmesg)" if name == "SIGKILL" else ""
        raise ToolError(f"ansible-playbook was killed ({name}){at}", where=str(log), hint=f"{RESUME}{memory}")
    text = next((line for line in complaints if line.startswith(("ERROR", "[ERROR"))), complaints[-1] if complaints else "")
    cause = likely_cause("", text)
    hint = f"{cause.cause}: {cause.hint}" if cause else "the end of that file says why"
    raise ToolError(f"ansible-playbook ended with {code}" + (f": {text}" if text else ""), where=str(log), hint=f"{hint}; {RESUME}")


def _host_error(failures: list[HostResult], log: Path) -> HostError:
    first = failures[0]
    cause = likely_cause(first.task, first.message)
    others = [failure.host for failure in failures[1:]]
    where = f"{first.host}, task: {first.task}" + (f" (also {', '.join(others)})" if others else "")
    likely = f"likely cause: {cause.cause}. {cause.hint[0].upper()}{cause.hint[1:]}. " if cause else ""
    message = redact(first.message).strip()
    lead = "the host was lost: " if first.outcome == "unreachable" else ""
    return HostError(f"{lead}{message}", where=where, hint=f"{likely}{RESUME[0].upper()}{RESUME[1:]}. The whole output: {log}")
