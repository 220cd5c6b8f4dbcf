"""Real kubectl beside the measuring client: one run after the other, each a process of its own as a person's would be.

It runs below the runner, not the client: starting a program must not delay a request. Its file is `kubectl.jsonl`.
"""

import asyncio
import contextlib
import time
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from twinkeel.drill.access import Access, in_memory, path_of
from twinkeel.drill.history import KUBECTL_FILE, SECOND, End, HistoryWriter, Request
from twinkeel.errors import ToolError

PERIOD = 1.0
TIMEOUT = "5s"
# Should kubectl not keep to its own limit.
DEADLINE = 15.0


class Kubectl:
    """Runs `kubectl get nodes` through the virtual IP once a second, as an async context manager."""

    def __init__(self, program: str, access: Access, folder: Path) -> None:
        self._program = program
        self._access = access
        self._folder = folder
        self._open = contextlib.ExitStack()
        self._stopping = asyncio.Event()
        self._recorded = 0

    async def __aenter__(self) -> Self:
        self._writer = self._open.enter_context(HistoryWriter(self._folder / KUBECTL_FILE))
        self._descriptor = self._open.enter_context(in_memory(self._access.kubeconfig.encode()))
        self._cache = self._open.enter_context(TemporaryDirectory(prefix="twinkeel-kubectl-"))
        failure = await self._run()
        if failure:
            self._open.close()
            hint = "run it by hand with the file that `twinkeel kubeconfig` writes"
            raise ToolError(f"kubectl does not work through the virtual IP: {failure}", where=self._program, hint=hint)
        self._task = asyncio.create_task(self._again_and_again())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        # The run under way ends by itself: it may be the one that tells of a recovery.
        self._stopping.set()
        await self._task
        self._writer.append(End(self._recorded, time.monotonic_ns()))
        self._open.close()

    async def _again_and_again(self) -> None:
        while not self._stopping.is_set():
            begin = time.monotonic()
            await self._run()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), max(0.0, begin + PERIOD - time.monotonic()))

    async def _run(self) -> str:
        """Run it once and record that; what it said when it failed."""
        start = time.monotonic_ns()
        argv = ("--kubeconfig", str(path_of(self._descriptor)), "--cache-dir", self._cache, "--request-timeout", TIMEOUT)
        process = await asyncio.create_subprocess_exec(
            *(self._program, *argv, "get", "nodes", "--output=name"),
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=PIPE,
            pass_fds=(self._descriptor,),
        )
        try:
            _, output = await asyncio.wait_for(process.communicate(), DEADLINE)
            error = f"exit-{process.returncode}" if process.returncode else ""
        except TimeoutError:
            output, error = b"no end", "timeout"
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        self._writer.append(Request("kubectl", start, time.monotonic_ns(), 0, error))
        self._recorded += 1
        lines = output.decode(errors="replace").strip().splitlines() or ["no reason given"]
        return lines[-1] if error else ""


def milliseconds_of(request: Request) -> float:
    """How long one run took."""
    return round((request.end - request.start) * 1000 / SECOND, 1)
