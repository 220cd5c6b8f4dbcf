"""A playbook that waits for its turn before each group of hosts: one Ansible for a whole run, and decisions in between."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from twinkeel.errors import ToolError
from twinkeel.rollout.run_playbook import PlaybookRun, run_playbook, short_folder
from twinkeel.support.events import Event, OnEvent, TaskEnded, TaskFailed, TaskStarted

WAIT_TASK = "Wait for the turn"
GO = b"go"


class SteppedPlaybook:
    """Runs from `async with` on; `reach_turn`, `go`, `reach_turn`, and so on, until it has ended.

    Leaving the body stops it, also in the middle of a task. `options` are those of `run_playbook`: tags to skip, extra variables.
    """

    def __init__(self, folder: Path, log: Path, on_event: OnEvent, playbook: str, **options: Any) -> None:
        self._folder, self._log, self._on_event, self._playbook, self._options = folder, log, on_event, playbook, options
        self._waiting: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
        self._turn: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Self:
        # A Unix socket's path may have about 104 characters, and a user's TMPDIR can be long.
        self._private = TemporaryDirectory(prefix="twinkeel-", dir=short_folder())
        turns = Path(self._private.name) / "turns"
        self._server = await asyncio.start_unix_server(self._arrive, turns)
        options = {**self._options, "turns": str(turns)}
        self._run = asyncio.create_task(run_playbook(self._folder, self._log, self._show, self._playbook, **options))
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()
        self._server.close()
        await self._server.wait_closed()
        self._private.cleanup()

    async def reach_turn(self) -> PlaybookRun | None:
        """Wait until it waits for its turn (None), or has ended: what came out.

        Raises:
            ToolError: Ansible itself failed.
        """
        arriving = asyncio.create_task(self._waiting.get())
        try:
            await asyncio.wait((arriving, self._run), return_when=asyncio.FIRST_COMPLETED)
            if self._run.done():
                return self._run.result()
            self._turn = arriving.result()
            return None
        finally:
            arriving.cancel()

    async def go(self) -> None:
        """It is its turn."""
        if self._turn is None:
            raise ToolError("the playbook did not wait for its turn", where=str(self._log), hint="the end of that file says why")
        self._turn.write(GO)
        await self._let_go()

    async def stop(self) -> None:
        """End it: by itself where it waits for its turn, else by its process."""
        if self._turn is not None:
            await self._let_go()
        elif not self._run.done():
            self._run.cancel()
        # What comes out of it now is nobody's: whoever wants to know has asked `reach_turn`.
        await asyncio.gather(self._run, return_exceptions=True)

    async def _let_go(self) -> None:
        assert self._turn is not None  # noqa: S101 - for the type checker; both callers have looked
        turn, self._turn = self._turn, None
        turn.close()
        await turn.wait_closed()

    def _arrive(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._waiting.put_nowait(writer)

    def _show(self, event: Event) -> None:
        """Everything but the waiting: that is between Ansible and us."""
        if not (isinstance(event, TaskStarted | TaskEnded | TaskFailed) and event.task == WAIT_TASK):
            self._on_event(event)
