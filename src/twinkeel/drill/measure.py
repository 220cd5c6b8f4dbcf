"""The runner's side of the client: start it, watch live what it records, stop it."""

import asyncio
import contextlib
import shutil
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from twinkeel.drill.access import Access, in_memory, path_of
from twinkeel.drill.checker import served
from twinkeel.drill.history import MILLISECOND, REQUESTS_FILE, SECOND, Event, Request, decode
from twinkeel.drill.https import Target
from twinkeel.drill.streams import PERIOD, WATCH, streams_for
from twinkeel.errors import ToolError

STOP_DEADLINE = 20.0  # It checks its watch first, for 12 s at most.
FRESH = SECOND // 2  # How old the newest served request may be while the service counts as up.
LOG_FILE = "client.log"


class Measurement:
    """A running client, as an async context manager. Its records are in `folder`, its complaints in `client.log` there.

    It keeps up every stream that can be with this `access`, unless `streams` names some. `period` is the time between two new
    connections, in nanoseconds.
    """

    def __init__(
        self,
        target: Target,
        folder: Path,
        access: Access | None = None,
        streams: Sequence[str] | None = None,
        period: int = PERIOD,
    ) -> None:
        self._target = target
        self._period = period
        self._streams = streams_for(credentials=access is not None) if streams is None else streams
        self._folder = folder
        self._access = access
        self._process: Process | None = None
        self._tail = _Tail(folder / REQUESTS_FILE)

    async def __aenter__(self) -> Self:
        target = self._target
        argv = ["--address", target.address, "--port", str(target.port), "--server-name", target.server_name]
        argv += ["--path", target.path, "--status", str(target.status or 0), "--streams", *self._streams]
        argv += ["--period-ms", str(self._period // MILLISECOND)]
        argv += ["--known"] if target.known else []
        files = ["--ca-file", str(target.ca_file), "--history", str(self._folder / REQUESTS_FILE)]
        secret = self._access.pem or self._access.token.encode() if self._access else b""
        with (self._folder / LOG_FILE).open("wb") as log, in_memory(secret) as descriptor:
            if self._access:
                files += ["--pem-file" if self._access.pem else "--token-file", str(path_of(descriptor))]
            # A session of its own: Ctrl-C is for the runner, which stops the client when it is done with it.
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "twinkeel.drill.client", *argv, *files),
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=(descriptor,),
            )
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), STOP_DEADLINE)
        except TimeoutError:
            # Its history then lacks the end record, and the verdict is unknown.
            self._process.kill()
            await self._process.wait()

    def served_for(self, since: int = 0) -> float:
        """Seconds of service without a failure up to now, as far as recorded; 0 while the service is down.

        Args:
            since: a time of CLOCK_MONOTONIC in nanoseconds; service before it does not count.

        Raises:
            ToolError: the client is not running any more.
        """
        self.require_running()
        self._tail.read()
        good = self._tail.newest_served
        if time.monotonic_ns() - good > FRESH:
            return 0
        return max(good - max(self._tail.served_since, since), 0) / SECOND

    def require_running(self) -> None:
        """Raises ToolError when the client is not running any more."""
        if self._process is None or self._process.returncode is not None:
            raise ToolError(
                f"the measuring client stopped{self._reason()}", where=str(self._folder / LOG_FILE), hint="read that file"
            )

    def _reason(self) -> str:
        """The last line that it said; on a full disk it can say nothing."""
        if not shutil.disk_usage(self._folder).free:
            return ": no space is left for its history"
        lines = (self._folder / LOG_FILE).read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return f": {lines[-1].strip(' |+-')}" if lines else ""

    @property
    def watching(self) -> bool:
        """Whether its watch is established, as far as recorded; true where it keeps up none."""
        return WATCH not in self._streams or self._tail.watching

    @property
    def every_stream_asked(self) -> bool:
        """Whether each stream has ended a request, as far as recorded."""
        return self._tail.asked.issuperset(name for name in self._streams if name != WATCH)

    @property
    def last_error(self) -> str:
        """The class of the newest error that was recorded; empty when there was none."""
        return self._tail.last_error


class _Tail:
    """Follows the history file of a client that is still writing it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self.newest_served = 0
        self.served_since = 0
        self.last_error = ""
        self.watching = False
        self.asked: set[str] = set()

    def read(self) -> None:
        """Take in the whole lines that came since the last time."""
        with contextlib.suppress(FileNotFoundError), self._path.open("rb") as file:
            file.seek(self._offset)
            text = file.read()
            whole = text[: text.rfind(b"\n") + 1]
            self._offset += len(whole)
            for line in whole.decode().splitlines():
                self._take(decode(line))

    def _take(self, record: object) -> None:
        if isinstance(record, Event):
            self.watching = record.name == "watch-up" or (self.watching and record.name != "watch-down")
        if isinstance(record, Request):
            self.asked.add(record.stream)
        if not isinstance(record, Request) or record.stream != "new":
            return
        if not served(record):
            self.served_since = max(self.served_since, record.start)
            self.last_error = record.error or "late"
            return
        self.served_since = self.served_since or record.start
        self.newest_served = max(self.newest_served, record.start)
