"""What a stream does in one request: a small read, an upload that takes its time, or a long answer that is read slowly.

The same for HTTP/1.1 and HTTP/2: both give a `Channel`.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from twinkeel.drill import streams
from twinkeel.drill.history import SECOND

PIECES, PIECE_EVERY, PIECE_BYTES = 6, 0.1, 1024
SLICE, SLICE_EVERY = 32 * 1024, 0.02  # 1.6 MB a second: far slower than an API server writes.
LONG_ENOUGH = 512 * 1024  # Of an answer that has several times as much: the server is in the middle of it when it is left.


@dataclass(frozen=True)
class Question:
    """A request. `status` is what the answer must have; None: any. `body` is sent in pieces with pauses between them."""

    method: str
    path: str
    status: int | None = 200
    body: tuple[bytes, ...] = ()

    @property
    def length(self) -> int:
        """Of the whole body."""
        return sum(map(len, self.body))


def _review() -> tuple[bytes, ...]:
    """ "May I read namespaces?": a POST that creates nothing, whatever becomes of it. Blanks make it as long as an upload is."""
    head = b'{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{"resourceAttributes":'
    asked = b'{"verb":"get","resource":"namespaces"}}}'
    return (head.ljust(PIECE_BYTES), *[b" " * PIECE_BYTES] * (PIECES - 2), asked.ljust(PIECE_BYTES))


UPLOAD = Question("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", 201, _review())
DOWNLOAD = Question("GET", "/openapi/v2")


class Channel(Protocol):
    """One request and its answer on some connection. Each method raises OSError, EOFError or ValueError when that broke."""

    async def ask(self, question: Question) -> None:
        """Send the request without its body. The end of a request that has no body is sent, too."""

    async def send(self, piece: bytes, *, last: bool) -> None:
        """Send some of its body."""

    async def answered(self, wanted: int | None) -> None:
        """Wait for the answer's head. Raises StatusError (a ValueError) for another status."""

    async def more(self, at_most: int) -> bytes:
        """Some of the answer's body; empty at its end."""

    def leave(self) -> None:
        """The rest of the answer is not wanted."""


class Progress:
    """When one request went on, and how long the client waited for that; `limit` ends it `time_limit` seconds after its start, or,
    unless it is `short`, after its last progress.
    """

    def __init__(self, start: int, limit: asyncio.Timeout, time_limit: float, *, short: bool) -> None:
        self.first = 0
        self._limit = limit
        self._time_limit = time_limit
        self._short = short
        self._longest = 0
        self._heard = self._since = start
        limit.reschedule(start / SECOND + time_limit)  # The loop's clock is CLOCK_MONOTONIC too.

    def heard(self) -> None:
        """The other side gave a sign of life."""
        now = self._heard = time.monotonic_ns()
        self.first = self.first or now
        self._longest = max(self._longest, now - self._since)
        self._wait_from(now)

    def paused(self) -> None:
        """The client did not wait for the other side, but for itself."""
        self._wait_from(time.monotonic_ns())

    def waited(self, failed_at: int | None = None) -> int:
        """The longest wait; of a request that failed then, the time since its last sign of life. Nanoseconds, at least 1."""
        return max(self._longest if failed_at is None else failed_at - self._heard, 1)

    def _wait_from(self, now: int) -> None:
        self._since = now
        if not self._short:
            self._limit.reschedule(now / SECOND + self._time_limit)


async def _read(channel: Channel, question: Question, progress: Progress) -> None:
    await channel.ask(question)
    await channel.answered(question.status)
    while await channel.more(SLICE):
        pass


async def _upload(channel: Channel, question: Question, progress: Progress) -> None:
    await channel.ask(question)
    for number, piece in enumerate(question.body, start=1):
        await asyncio.sleep(PIECE_EVERY)
        progress.paused()
        await channel.send(piece, last=number == len(question.body))
        progress.paused()
    await channel.answered(question.status)
    progress.heard()
    while await channel.more(SLICE):
        progress.heard()


async def _download(channel: Channel, question: Question, progress: Progress) -> None:
    await channel.ask(question)
    await channel.answered(question.status)
    progress.heard()
    received = 0
    while piece := await channel.more(SLICE):
        progress.heard()
        received += len(piece)
        if received >= LONG_ENOUGH:
            channel.leave()
            return
        await asyncio.sleep(SLICE_EVERY)
        progress.paused()


RUN: dict[streams.Exchange, Callable[[Channel, Question, Progress], Awaitable[None]]] = {
    "read": _read,
    "upload": _upload,
    "download": _download,
}
