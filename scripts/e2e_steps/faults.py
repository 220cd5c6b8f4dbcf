"""What happens to Kubespray, or to what it stands on, while it runs."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from run import Run, StepError, wait_for

STRIKE_DEADLINE = 900.0


@contextmanager
def struck(run: Run, line: str, fault: Callable[[], None]) -> Iterator[None]:
    """While the body runs Kubespray, the fault comes once the new log holds the line.

    Raises:
        StepError: the fault never came: the body proves nothing.
    """
    logs = run.folder / "data/twinkeel/clusters/e2e/logs"
    known, came = set(logs.glob("*")), threading.Event()

    def reached() -> bool:
        return any(line in log.read_text(errors="replace") for log in set(logs.glob("*")) - known)

    def strike() -> None:
        with contextlib.suppress(StepError):
            wait_for(reached, STRIKE_DEADLINE, line)
            fault()
            came.set()

    thread = threading.Thread(target=strike, daemon=True)
    thread.start()
    yield
    thread.join(10)
    if not came.is_set():
        raise StepError(f"the fault did not come: no {line!r} in the log, or it could not be made")


def kill_ansible() -> None:
    """SIGKILL to the ansible-playbook of this run."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            if any(word.endswith(b"/ansible-playbook") for word in words[:2]) and b"twinkeel-e2e-" in b" ".join(words):
                os.kill(int(process.name), signal.SIGKILL)
                return
