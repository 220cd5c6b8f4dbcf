"""A client that keeps one HTTP/2 connection for all requests, as client-go does, and opens another when it ends."""

import asyncio
import ssl
from collections.abc import Callable
from types import TracebackType
from typing import Self

from twinkeel.drill.http2 import Http2Connection
from twinkeel.drill.https import Target, error_class


class Http2Client:
    """Keeps one connection at a time for all requests, as an async context manager that closes it.

    `lost` is told the class of error of each one that ended by itself.
    """

    def __init__(self, target: Target, token: str, context: ssl.SSLContext, lost: Callable[[str], None]) -> None:
        self._target = target
        self._token = token
        self._context = context
        self._lost = lost
        self._connection: Http2Connection | None = None
        self._opening = asyncio.Lock()
        self._pumps = asyncio.TaskGroup()
        self._open: set[Http2Connection] = set()
        self._closed = False

    async def __aenter__(self) -> Self:
        await self._pumps.__aenter__()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._closed = True
        for connection in list(self._open):
            connection.end(EOFError())
        # What was not foreseen in a connection is raised here, and ends the body when it happens.
        await self._pumps.__aexit__(kind, error, trace)

    async def connection(self) -> Http2Connection:
        """One that can be used. Raises OSError, or NoHttp2Error."""
        async with self._opening:
            if self._connection is None or not self._connection.usable:
                opened: asyncio.Future[Http2Connection] = asyncio.get_running_loop().create_future()
                pump = self._pumps.create_task(self._keep(opened))
                try:
                    self._connection = await opened
                except asyncio.CancelledError:
                    pump.cancel()
                    raise
            return self._connection

    async def _keep(self, opened: "asyncio.Future[Http2Connection]") -> None:
        """One connection, from its beginning to its end."""
        try:
            async with Http2Connection.open(self._target, self._token, self._context) as connection:
                if opened.cancelled():
                    return
                opened.set_result(connection)
                self._open.add(connection)
                failure = await connection.pump()
                self._open.discard(connection)
                if not self._closed:
                    self._lost("goaway" if connection.draining else error_class(failure))
        except (OSError, EOFError, ValueError) as error:
            if not opened.done():
                opened.set_exception(error)
