"""One verified HTTP/2 connection to the API with several requests at a time; `http2_client` opens another when it ends.

It does what client-go, kubectl's and kubelet's library, does: all requests go over one connection; after a GOAWAY those under way
are finished there while others go over a new one; what the server says it has not begun (a stream above GOAWAY's last one, or
REFUSED_STREAM; RFC 9113, sections 6.8 and 8.7) is asked again, and nobody is told. In one thing it is quicker: client-go takes a
silent connection for dead after 30 s and 15 s more, this one when a request had no answer in its time and nothing else came either.
"""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator
from typing import Self

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, ResponseReceived, StreamEnded, StreamReset
from h2.exceptions import H2Error

from twinkeel.drill.exchange import Question
from twinkeel.drill.https import USER_AGENT, NoHttp2Error, ResetError, StatusError, Target

HEADER_BYTES, GOAWAY = 9, 7  # RFC 9113, sections 4.1 and 6.8.
AT_ONCE = 1 << 16
# Each stream has a window of 64 KiB; a slow one must not use up what all of them share.
SHARED_WINDOW = 1 << 20


class UnprocessedError(ValueError):
    """The server has not begun with this request: it may be asked again."""


class Http2Connection:
    """An open connection; requests run on it side by side. `heard` is when something last came, in nanoseconds."""

    def __init__(self, target: Target, token: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard = time.monotonic_ns()
        self.draining = False
        self.failure: Exception | None = None
        self._target = target
        self._token = token
        self._reader = reader
        self._writer = writer
        self._h2 = H2Connection(H2Configuration(client_side=True, header_encoding=None))
        self._channels: dict[int, Http2Channel] = {}
        self._rest = b""

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, target: Target, token: str, context: ssl.SSLContext) -> AsyncIterator[Self]:
        """Connect, shake hands, verify; `pump` must run meanwhile. Raises OSError, or NoHttp2Error."""
        name = target.server_name
        reader, writer = await asyncio.open_connection(target.address, target.port, ssl=context, server_hostname=name)
        try:
            if writer.get_extra_info("ssl_object").selected_alpn_protocol() != "h2":
                raise NoHttp2Error
            connection = cls(target, token, reader, writer)
            connection._h2.initiate_connection()
            connection._h2.increment_flow_control_window(SHARED_WINDOW)
            connection._flush()
            yield connection
        finally:
            writer.transport.abort()

    @property
    def usable(self) -> bool:
        """Whether another request may begin on it."""
        return not self.draining and self.failure is None

    @property
    def busy(self) -> bool:
        """Whether requests are under way."""
        return bool(self._channels)

    def channel(self) -> "Http2Channel":
        """For one request."""
        return Http2Channel(self)

    async def pump(self) -> Exception:
        """Take in what comes until the connection has ended, or is left behind: what it ended with."""
        try:
            while data := await self._reader.read(AT_ONCE):
                self.heard = time.monotonic_ns()
                self._take(data)
                if self.draining and not self.busy:
                    break
            self.end(EOFError())
        except H2Error as error:
            self.end(ValueError(str(error)))
        except (OSError, ValueError) as error:
            self.end(error)
        assert self.failure is not None  # noqa: S101 - for the type checker
        return self.failure

    def end(self, failure: Exception) -> None:
        """Every request that is under way fails with that."""
        self.failure = self.failure or failure
        for channel in list(self._channels.values()):
            channel.fail(self.failure)
        self._channels.clear()
        self._writer.transport.abort()

    def begin(self, channel: "Http2Channel", question: Question) -> int:
        """Send a request's head; the stream's number."""
        if self.failure is not None:
            raise self.failure
        if self.draining:
            raise UnprocessedError
        headers = [(":method", question.method), (":authority", self._target.server_name), (":scheme", "https")]
        headers += [(":path", question.path), ("user-agent", USER_AGENT)]
        headers += [("authorization", f"Bearer {self._token}")] if self._token else []
        headers += [("content-type", "application/json"), ("content-length", str(question.length))] if question.body else []
        try:
            number = self._h2.get_next_available_stream_id()
            self._h2.send_headers(number, headers, end_stream=not question.body)
        except H2Error as error:
            # The server wants no more streams than it has.
            raise ValueError(str(error)) from error
        self._channels[number] = channel
        self._flush()
        return number

    async def send(self, number: int, piece: bytes, *, last: bool) -> None:
        """Some of a request's body, as soon as the server wants more."""
        while self._h2.local_flow_control_window(number) < len(piece):
            await asyncio.sleep(0.01)
        self._h2.send_data(number, piece, end_stream=last)
        self._flush()
        await self._writer.drain()

    def consumed(self, number: int, length: int) -> None:
        """That much of an answer was read: the server may send as much again."""
        if length and self.failure is None:
            self._h2.acknowledge_received_data(length, number)
            self._flush()

    def forget(self, number: int) -> None:
        """No more of an answer is wanted; nothing to do for one that has ended."""
        if self._channels.pop(number, None) is not None and self.failure is None:
            with contextlib.suppress(H2Error):
                self._h2.reset_stream(number, ErrorCodes.CANCEL)
            self._flush()

    def _flush(self) -> None:
        self._writer.write(self._h2.data_to_send())

    def _take(self, data: bytes) -> None:
        # The library ends all streams at a GOAWAY, and refuses what comes after it. Servers finish what is under way.
        frames = self._rest + data
        rest = memoryview(frames)
        taken = bytearray()
        while len(rest) >= HEADER_BYTES and len(rest) >= (size := HEADER_BYTES + int.from_bytes(rest[:3], "big")):
            if rest[3] == GOAWAY:
                self._drain(int.from_bytes(rest[HEADER_BYTES : HEADER_BYTES + 4], "big") & 0x7FFFFFFF)
            else:
                taken += rest[:size]
            rest = rest[size:]
        self._rest = bytes(rest)
        for event in self._h2.receive_data(bytes(taken)):
            self._tell(event)
        self._flush()

    def _drain(self, last: int) -> None:
        """GOAWAY: no new requests, and those above the last one were not begun."""
        self.draining = True
        for number in [number for number in self._channels if number > last]:
            self._channels.pop(number).fail(UnprocessedError())

    def _tell(self, event: Event) -> None:
        channel = self._channels.get(getattr(event, "stream_id", 0) or 0)
        match event:
            case DataReceived():
                length = event.flow_controlled_length
                if channel is None:
                    self.consumed(event.stream_id, length)
                else:
                    channel.take(event.data, length)
            case ResponseReceived() if channel is not None:
                channel.take_status(int(dict(event.headers)[b":status"]))
            case StreamEnded() if channel is not None:
                del self._channels[event.stream_id]
                channel.finish()
            case StreamReset() if channel is not None:
                del self._channels[event.stream_id]
                refused = event.error_code == ErrorCodes.REFUSED_STREAM
                channel.fail(UnprocessedError() if refused else ResetError())
            case _:
                pass


class Http2Channel:
    """One request and its answer; see exchange.Channel."""

    def __init__(self, connection: Http2Connection) -> None:
        self._connection = connection
        self._number = 0
        self._status = 0
        self._pieces: list[tuple[bytes, int]] = []
        self._ended = False
        self._failure: Exception | None = None
        self._news = asyncio.Event()

    async def ask(self, question: Question) -> None:
        """Send the head."""
        self._number = self._connection.begin(self, question)

    async def send(self, piece: bytes, *, last: bool) -> None:
        """Send some of the body. Nothing is sent any more when the answer is there already."""
        if self._failure is not None:
            raise self._failure
        if not self._ended:
            try:
                await self._connection.send(self._number, piece, last=last)
            except H2Error as error:
                raise self._failure or ValueError(str(error)) from error

    async def answered(self, wanted: int | None) -> None:
        """Wait for the answer's head."""
        while not self._status:
            await self._wait()
        if wanted is not None and self._status != wanted:
            raise StatusError(self._status)

    async def more(self, at_most: int) -> bytes:
        """Some of the answer's body; empty at its end."""
        while not self._pieces:
            if self._ended:
                return b""
            await self._wait()
        data, length, kept = b"", 0, self._pieces
        while kept and len(data) < at_most:
            piece, counted = kept.pop(0)
            data, length = data + piece, length + counted
        self._connection.consumed(self._number, length)
        return data

    def leave(self) -> None:
        """The stream is reset, unless it has ended; the connection goes on."""
        self._connection.forget(self._number)
        self._connection.consumed(self._number, sum(length for _, length in self._pieces))
        self._pieces.clear()

    def take_status(self, status: int) -> None:
        """From the connection: the answer's head came."""
        self._status = status
        self._news.set()

    def take(self, data: bytes, length: int) -> None:
        """From the connection: some of the body, and how much of the window it used."""
        self._pieces.append((data, length))
        self._news.set()

    def finish(self) -> None:
        """From the connection: the answer is whole."""
        self._ended = True
        self._news.set()

    def fail(self, failure: Exception) -> None:
        """From the connection: there will be no more."""
        self._failure = failure
        self._news.set()

    async def _wait(self) -> None:
        if self._failure is not None:
            raise self._failure
        self._news.clear()
        await self._news.wait()
