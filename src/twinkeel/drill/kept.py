"""Connections that users keep: one for each stream over HTTP/1.1, and one for several streams over HTTP/2.

A connection that the other side ended between two requests, or announced to end (`Connection: close`, GOAWAY), is replaced as any
HTTP library does it: no request failed. Each one that ended by itself is an event, `connection-lost`, with the class of its error.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from twinkeel.drill.exchange import DOWNLOAD, RUN, UPLOAD, Progress, Question
from twinkeel.drill.history import SECOND, Event, HistoryWriter, Request, Stream
from twinkeel.drill.http2 import Http2Connection, UnprocessedError
from twinkeel.drill.http2_client import Http2Client
from twinkeel.drill.https import AT_ONCE, Connection, Http1Channel, NoHttp2Error, Target, error_class
from twinkeel.drill.streams import HTTP2, StreamKind
from twinkeel.drill.ticks import ticks

TIMEOUT = 1 * SECOND
SILENT_FOR = TIMEOUT * 9 // 10  # With reads ten times a second on it, an HTTP/2 connection that lives is never silent that long.
AGAIN_AFTER = 0.1  # Seconds. A stream that asks without pauses must not do so when it is refused.
NEVER_AGAIN = 1.0  # A server that does not speak HTTP/2 will not learn it; one behind the same address may.
SMALL_BUFFER = 16 * 1024
Trouble = (OSError, EOFError, ValueError)


@dataclass
class Count:
    """How many requests were recorded, of all streams."""

    recorded: int = 0


@dataclass
class Asking:
    """Where to ask and as whom, where to record, and when to stop."""

    target: Target
    context: ssl.SSLContext
    token: str
    writer: HistoryWriter
    stop: asyncio.Event
    count: Count = field(default_factory=Count)

    def record(self, stream: Stream, start: int, late: int, error: str, waited: int = 0, heard: int = 0) -> None:
        """One request that has just ended."""
        self.writer.append(Request(stream, start, time.monotonic_ns(), late, error, waited, heard))
        self.count.recorded += 1

    def lost(self, connection: str, error: str) -> None:
        """A connection that has just ended, other than by this side's will."""
        self.writer.append(Event("connection-lost", time.monotonic_ns(), {"connection": connection, "error": error}))

    def question(self, kind: StreamKind) -> Question:
        """What a stream asks."""
        return {"read": Question("GET", self.target.path, self.target.status), "upload": UPLOAD, "download": DOWNLOAD}[
            kind.exchange
        ]


async def keep_connection(asking: Asking, kind: StreamKind) -> None:
    """One stream on a connection of its own, opened anew after it ended, until it must stop."""
    starts = ticks(kind.period, asking.stop)
    pending = await anext(starts, None)
    while pending is not None:
        pending = await _use_connection(asking, kind, starts, pending)


async def _use_connection(
    asking: Asking, kind: StreamKind, starts: AsyncIterator[tuple[int, int]], pending: tuple[int, int]
) -> tuple[int, int] | None:
    """Requests over one connection until that has ended; the start of the next one, None when it must stop."""
    (start, late), connection = pending, None
    buffer = SMALL_BUFFER if kind.exchange == "download" else AT_ONCE
    try:
        async with asyncio.timeout(TIMEOUT / SECOND) as limit:
            progress = _progress(kind, start, limit)
            async with Connection.open(asking.target, asking.context, buffer) as connection:
                progress.heard()
                while True:
                    await RUN[kind.exchange](Http1Channel(connection, asking.token), asking.question(kind), progress)
                    _record(asking, kind, start, late, "", progress)
                    limit.reschedule(None)
                    following = await anext(starts, None)
                    if following is None or not connection.usable:
                        break
                    start, late = following
                    progress = _progress(kind, start, limit)
            if following is not None and not connection.left:
                asking.lost(kind.connection, "closed")
            return following
    except Trouble as error:
        _record(asking, kind, start, late, error_class(error), progress)
        if connection is not None:
            asking.lost(kind.connection, error_class(error))
        return await _after_failure(asking, kind, starts, error)


async def keep_http2(asking: Asking, kinds: list[StreamKind]) -> None:
    """Streams that share an HTTP/2 connection, until they must stop."""
    async with (
        Http2Client(asking.target, asking.token, asking.context, lambda error: asking.lost(HTTP2, error)) as client,
        asyncio.TaskGroup() as group,
    ):
        for kind in kinds:
            group.create_task(_keep_stream(asking, kind, client))


async def _keep_stream(asking: Asking, kind: StreamKind, client: Http2Client) -> None:
    starts = ticks(kind.period, asking.stop)
    pending = await anext(starts, None)
    while pending is not None:
        start, late = pending
        connection: Http2Connection | None = None
        try:
            async with asyncio.timeout(TIMEOUT / SECOND) as limit:
                progress = _progress(kind, start, limit)
                while True:
                    connection = await client.connection()
                    progress.heard()
                    try:
                        await _ask_over(connection, asking.question(kind), kind, progress)
                        break
                    except UnprocessedError:
                        await asyncio.sleep(0)
        except Trouble as error:
            _record(asking, kind, start, late, error_class(error), progress)
            if isinstance(error, TimeoutError) and connection is not None and time.monotonic_ns() - connection.heard > SILENT_FOR:
                connection.end(error)
            pending = await _after_failure(asking, kind, starts, error)
        else:
            _record(asking, kind, start, late, "", progress)
            pending = await anext(starts, None)


async def _ask_over(connection: Http2Connection, question: Question, kind: StreamKind, progress: Progress) -> None:
    channel = connection.channel()
    try:
        await RUN[kind.exchange](channel, question, progress)
    finally:
        channel.leave()


def _progress(kind: StreamKind, start: int, limit: asyncio.Timeout) -> Progress:
    return Progress(start, limit, TIMEOUT / SECOND, short=kind.exchange == "read")


def _record(asking: Asking, kind: StreamKind, start: int, late: int, error: str, progress: Progress) -> None:
    if kind.exchange == "read":
        asking.record(kind.name, start, late, error)
        return
    now = time.monotonic_ns()
    asking.record(kind.name, start, late, error, progress.waited(now if error else None), progress.first)


async def _after_failure(
    asking: Asking, kind: StreamKind, starts: AsyncIterator[tuple[int, int]], error: Exception
) -> tuple[int, int] | None:
    """The next start: soon, as somebody who was refused tries again, also where the stream asks seldom."""
    if isinstance(error, NoHttp2Error):
        await asyncio.sleep(NEVER_AGAIN)
    elif not kind.period or kind.period > AGAIN_AFTER * SECOND:
        await asyncio.sleep(AGAIN_AFTER)
        return None if asking.stop.is_set() else (time.monotonic_ns(), 0)
    return await anext(starts, None)
