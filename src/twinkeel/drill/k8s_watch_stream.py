"""The watch stream of the measuring client: established, broken, established again; and whether a change was missed.

It watches the leases of kube-system: few objects, and each component that leads renews its own every two seconds, so there is
something to miss. A watch only listens: when its load balancer loses its power, nothing tells it. So it asks the kernel to look for
a sign of life after a second of silence. (kubectl and kubelet ask on HTTP/2 after 30 s, and give up 15 s later.)

Events that it records: `watch-up`, `watch-down` (`heard`: the last sign of life; `error`), `watch-gone` (the API could not go on
from the last version; the objects were listed again) and, at the end, `watch-checked` (`told`: changes that a second, fresh watch
was told of for the whole time; `missed`: how many of them this one was not told of).
"""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Callable

from twinkeel.drill.history import SECOND, Event
from twinkeel.drill.https import Connection, Target, error_class
from twinkeel.drill.k8s_watch import Change, GoneError, begin_watch, list_all, revision_of

LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"
ESTABLISH_TIMEOUT = 1.0
AGAIN_AFTER = 0.1
SILENCE_SECONDS, SILENCE_TRIES = 1, 3
CHECK_TIMEOUT, CHECK_TRIES = 12.0, 5
CATCH_UP = 5.0  # A change arrives within milliseconds; a machine that has no time for it is no reason to say it was missed.
CATCH_UP_EVERY = 0.02


class WatchStream:
    """One watch that is established again whenever it ends. `record` takes each event."""

    def __init__(self, target: Target, context: ssl.SSLContext, token: str, record: Callable[[Event], None]) -> None:
        self._target = target
        self._context = context
        self._token = token
        self._record = record
        self._first: int | None = None
        self._revision: int | None = None
        self._seen: set[int] = set()
        self._gone = False

    async def keep(self) -> None:
        """Watch until cancelled."""
        while True:
            try:
                await self._once()
            except GoneError:
                self._revision, self._gone = None, True
                self._log("watch-gone")
            except (OSError, EOFError, ValueError):
                pass  # It was down already, and told so; the next try follows.
            await asyncio.sleep(AGAIN_AFTER)

    async def _once(self) -> None:
        async with asyncio.timeout(ESTABLISH_TIMEOUT) as limit, Connection.open(self._target, self._context) as connection:
            connection.notice_death(SILENCE_SECONDS, SILENCE_TRIES)
            if self._revision is None:
                self._revision, _ = await list_all(connection, LEASES, self._token)
                self._first = self._first or self._revision
            changes = await begin_watch(connection, LEASES, self._token, self._revision)
            limit.reschedule(None)
            self._log("watch-up", revision=self._revision)
            async with contextlib.aclosing(changes):
                await self._listen(changes)

    async def _listen(self, changes: AsyncIterator[Change]) -> None:
        heard = time.monotonic_ns()
        try:
            async for change in changes:
                heard = time.monotonic_ns()
                self._take(change)
        except (OSError, EOFError, ValueError) as trouble:
            self._log("watch-down", heard=heard, error=str(trouble) if isinstance(trouble, GoneError) else error_class(trouble))
            raise
        self._log("watch-down", heard=heard, error="closed")

    def _take(self, change: Change) -> None:
        self._revision = max(self._revision or 0, change.revision)
        if change.kind != "BOOKMARK":
            self._seen.add(change.revision)

    def _log(self, name: str, **data: int | str) -> None:
        self._record(Event(name, time.monotonic_ns(), data))

    async def check(self) -> None:
        """Compare with a second watch from the first version on; nothing is recorded where the API cannot tell any more."""
        if self._first is None or self._gone:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CHECK_TIMEOUT):
                for _ in range(CHECK_TRIES):
                    # An API server that has just started knows of nothing before; the next connection may meet another one.
                    with contextlib.suppress(OSError, EOFError, ValueError):
                        await self._compare(self._first)
                        return
                    await asyncio.sleep(AGAIN_AFTER)

    async def _compare(self, first: int) -> None:
        async with Connection.open(self._target, self._context) as connection:
            _, items = await list_all(connection, LEASES, self._token)
            newest = max(map(revision_of, items), default=0)
            await self._catch_up(newest)
            reported = await self._changes_since(connection, first, newest)
            self._log("watch-checked", told=len(reported), missed=len(reported - self._seen))

    async def _catch_up(self, newest: int) -> None:
        """What was changed a moment ago may be on its way."""
        end = time.monotonic_ns() + CATCH_UP * SECOND
        while (self._revision or 0) < newest and time.monotonic_ns() < end:
            await asyncio.sleep(CATCH_UP_EVERY)

    async def _changes_since(self, connection: Connection, first: int, newest: int) -> set[int]:
        reported: set[int] = set()
        if newest <= first:
            return reported
        async with contextlib.aclosing(await begin_watch(connection, LEASES, self._token, first)) as changes:
            async for change in changes:
                if change.kind != "BOOKMARK" and change.revision <= newest:
                    reported.add(change.revision)
                if change.revision >= newest:
                    break
        return reported
