"""One verified HTTPS connection to the API, and what can go wrong with it, as short classes.

Small on purpose: a drill makes a hundred connections a second, and must know exactly which error happened.
"""

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from twinkeel.drill.exchange import Question
from twinkeel.support.url_host import url_host

MAX_BODY = 1 << 20
AT_ONCE = 1 << 16  # Of a body.
# Of the kernel, where little is to be taken in at once. Below the largest segment (64 KiB on loopback) it would wait for probes.
SMALL_RECEIVE_BUFFER = 1 << 17
USER_AGENT = "twinkeel-drill"


@dataclass(frozen=True)
class Target:
    """Where to ask. `address` is connected to as it is (no name is looked up); `server_name` is what the certificate must hold.

    `status` is what `path` must answer; None when any answer will do. `known`: whether requests show the credentials.
    """

    address: str
    port: int
    server_name: str
    ca_file: Path
    path: str = "/readyz"
    status: int | None = 200
    known: bool = False

    @property
    def url(self) -> str:
        """For people."""
        return f"https://{url_host(self.address)}:{self.port}{self.path}"


class StatusError(ValueError):
    """An answer other than 200."""

    def __init__(self, status: int) -> None:
        super().__init__(f"http-{status}")
        self.status = status


class NoHttp2Error(ValueError):
    """The server does not speak HTTP/2."""


class ResetError(ValueError):
    """The server ended one stream of an HTTP/2 connection (RST_STREAM)."""


class Connection:
    """An open connection that can be asked again and again."""

    def __init__(self, target: Target, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._target = target
        self._reader = reader
        self._writer = writer
        self._left = False
        self._ending = False

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, target: Target, context: ssl.SSLContext, buffer: int = AT_ONCE) -> AsyncIterator[Self]:
        """Connect, shake hands, verify; closed at once at the end. Raises OSError (ssl.SSLError is one).

        `buffer` bytes are taken in before anybody reads them, and what the kernel and the library hold.
        """
        name = target.server_name
        reader, writer = await asyncio.open_connection(target.address, target.port, ssl=context, server_hostname=name, limit=buffer)
        try:
            if buffer < AT_ONCE:
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_RECEIVE_BUFFER)
            yield cls(target, reader, writer)
        finally:
            writer.transport.abort()

    @property
    def resumed(self) -> bool:
        """Whether the TLS session was taken over from an earlier connection."""
        tls: ssl.SSLObject = self._writer.get_extra_info("ssl_object")
        return tls.session_reused is True

    @property
    def usable(self) -> bool:
        """Whether another request may be sent: the other side has not ended the connection, nor said that it will."""
        return not (self._left or self._ending or self._reader.at_eof() or self._writer.transport.is_closing())

    def leave(self) -> None:
        """It will not be used any more."""
        self._left = True

    @property
    def left(self) -> bool:
        """Whether this side gave it up."""
        return self._left

    def notice_death(self, idle: int, tries: int) -> None:
        """Let the kernel ask for a sign of life after `idle` seconds of silence; after `tries` unanswered ones, a second apart, the
        connection ends with an error. For a connection on which only the other side speaks."""
        connected: socket.socket = self._writer.get_extra_info("socket")
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in ((socket.TCP_KEEPIDLE, idle), (socket.TCP_KEEPINTVL, 1), (socket.TCP_KEEPCNT, tries)):
            connected.setsockopt(socket.IPPROTO_TCP, option, value)

    async def get(self, token: str = "") -> None:
        """Ask once for the target's path. Raises StatusError, OSError, EOFError (closed in the middle) or ValueError (not HTTP)."""
        headers = await self.ask(self._target.path, token, wanted=self._target.status)
        if "transfer-encoding" not in headers:
            await self._reader.readexactly(_length(headers))
            return
        async for _ in self.pieces(headers):
            pass

    async def ask(self, path: str, token: str = "", *, wanted: int | None = 200) -> Mapping[str, str]:
        """Ask for a path; the headers of the answer, by their names in lower case. Its body must be read next. Raises as `get`."""
        self.send_head(Question("GET", path), token)
        return await self.head(wanted)

    def send_head(self, question: Question, token: str) -> None:
        """Begin a request; its body, if it has one, must be sent next."""
        lines = [f"{question.method} {question.path} HTTP/1.1", f"Host: {self._target.server_name}", f"User-Agent: {USER_AGENT}"]
        lines += [f"Authorization: Bearer {token}"] if token else []
        lines += ["Content-Type: application/json", f"Content-Length: {question.length}"] if question.body else []
        self._writer.write("\r\n".join([*lines, "", ""]).encode())

    async def send(self, piece: bytes) -> None:
        """Some of a request's body. Raises OSError, or EOFError when the other side has ended the connection."""
        if self._reader.at_eof():
            raise EOFError
        self._writer.write(piece)
        await self._writer.drain()

    async def head(self, wanted: int | None) -> Mapping[str, str]:
        """The headers of an answer. Raises as `get`."""
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError as error:
            raise ValueError("headers without an end") from error
        first, *lines = head.decode("ascii").split("\r\n")
        status = int(first.partition(" ")[2][:3])
        if wanted is not None and status != wanted:
            raise StatusError(status)
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        # A server that stops says so in its last answer (RFC 9112, section 9.6).
        self._ending = self._ending or headers.get("connection", "").lower() == "close"
        return headers

    async def pieces(self, headers: Mapping[str, str], at_most: int = AT_ONCE) -> AsyncIterator[bytes]:
        """The answer's body as it comes, chunked (RFC 9112, section 7.1) or with its length told. Raises as `get`."""
        if headers.get("transfer-encoding", "").lower() != "chunked":
            async for piece in self._slices(_length(headers, None), at_most):
                yield piece
            return
        while size := int((await self._reader.readuntil(b"\r\n")).split(b";")[0], 16):
            async for piece in self._slices(size, at_most):
                yield piece
            await self._reader.readexactly(2)
        await self._reader.readuntil(b"\r\n")

    async def _slices(self, rest: int, at_most: int) -> AsyncIterator[bytes]:
        while rest > 0:
            piece = await self._reader.read(min(rest, at_most))
            if not piece:
                raise EOFError
            rest -= len(piece)
            yield piece


class Http1Channel:
    """One request and its answer; see exchange.Channel."""

    def __init__(self, connection: Connection, token: str) -> None:
        self._connection = connection
        self._token = token
        self._headers: Mapping[str, str] = {}
        self._body: AsyncIterator[bytes] | None = None

    async def ask(self, question: Question) -> None:
        """Send the head."""
        self._connection.send_head(question, self._token)

    async def send(self, piece: bytes, *, last: bool) -> None:
        """Send some of the body."""
        await self._connection.send(piece)

    async def answered(self, wanted: int | None) -> None:
        """Wait for the answer's head."""
        self._headers = await self._connection.head(wanted)

    async def more(self, at_most: int) -> bytes:
        """Some of the answer's body; empty at its end."""
        if self._body is None:
            self._body = self._connection.pieces(self._headers, at_most)
        return await anext(self._body, b"")

    def leave(self) -> None:
        """The connection is of no use with half an answer on it."""
        self._connection.leave()


def _length(headers: Mapping[str, str], at_most: int | None = MAX_BODY) -> int:
    length = int(headers.get("content-length", "0"))
    if length < 0 or (at_most is not None and length > at_most):
        raise ValueError("a body without a sane length")
    return length


def verified_context(ca_file: Path) -> ssl.SSLContext:
    """TLS that trusts this CA alone and checks names. Sessions are not resumed: each handshake is a full one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=ca_file)
    context.options |= ssl.OP_NO_TICKET
    return context


def error_class(error: Exception) -> str:
    """A short, stable word for an error of a request."""
    match error:
        case StatusError():
            return str(error)
        case TimeoutError():
            return "timeout"
        case ssl.SSLCertVerificationError():
            return "certificate"
        case ssl.SSLError():
            return "tls"
        case ConnectionRefusedError():
            return "refused"
        case ConnectionError():
            return "reset"
        case EOFError():
            return "closed"
        case NoHttp2Error():
            return "no-http2"
        case ResetError():
            return "stream-reset"
        case OSError(errno=int() as number):
            return errno.errorcode.get(number, "os").lower()
        case _:
            return "not-http"
