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

from twinkeel.support.url_host import url_host

MAX_BODY = 1 << 20


@dataclass(frozen=True)
class Target:
    """Where to ask. `address` is connected to as it is (no name is looked up); `server_name` is what the certificate must hold.

    `status` is what `path` must answer; None when any answer will do.
    """

    address: str
    port: int
    server_name: str
    ca_file: Path
    path: str = "/readyz"
    status: int | None = 200

    @property
    def url(self) -> str:
        """For people."""
        return f"https://{url_host(self.address)}:{self.port}{self.path}"


class StatusError(ValueError):
    """An answer other than 200."""

    def __init__(self, status: int) -> None:
        super().__init__(f"http-{status}")
        self.status = status


class Connection:
    """An open connection that can be asked again and again."""

    def __init__(self, target: Target, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._target = target
        self._reader = reader
        self._writer = writer

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, target: Target, context: ssl.SSLContext) -> AsyncIterator[Self]:
        """Connect, shake hands, verify; closed at once at the end. Raises OSError (ssl.SSLError is one)."""
        reader, writer = await asyncio.open_connection(target.address, target.port, ssl=context, server_hostname=target.server_name)
        try:
            yield cls(target, reader, writer)
        finally:
            writer.transport.abort()

    @property
    def resumed(self) -> bool:
        """Whether the TLS session was taken over from an earlier connection."""
        tls: ssl.SSLObject = self._writer.get_extra_info("ssl_object")
        return tls.session_reused is True

    def notice_death(self, idle: int, tries: int) -> None:
        """Let the kernel ask for a sign of life after `idle` seconds of silence; after `tries` unanswered ones, a second apart, the
        connection ends with an error. For a connection on which only the other side speaks."""
        connected: socket.socket = self._writer.get_extra_info("socket")
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in ((socket.TCP_KEEPIDLE, idle), (socket.TCP_KEEPINTVL, 1), (socket.TCP_KEEPCNT, tries)):
            connected.setsockopt(socket.IPPROTO_TCP, option, value)

    async def get(self) -> None:
        """Ask once for the target's path. Raises StatusError, OSError, EOFError (closed in the middle) or ValueError (not HTTP)."""
        headers = await self.ask(self._target.path, wanted=self._target.status)
        await self._reader.readexactly(_length(headers))

    async def ask(self, path: str, token: str = "", *, wanted: int | None = 200) -> Mapping[str, str]:
        """Ask for a path; the headers of the answer, by their names in lower case. Its body must be read next. Raises as `get`."""
        name = f"{self._target.server_name}\r\nUser-Agent: twinkeel-drill"
        identity = f"\r\nAuthorization: Bearer {token}" if token else ""
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: {name}{identity}\r\n\r\n".encode())
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError as error:
            raise ValueError("headers without an end") from error
        first, *lines = head.decode("ascii").split("\r\n")
        status = int(first.partition(" ")[2][:3])
        if wanted is not None and status != wanted:
            raise StatusError(status)
        return {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    async def pieces(self, headers: Mapping[str, str]) -> AsyncIterator[bytes]:
        """The answer's body as it comes, chunked (RFC 9112, section 7.1) or with its length told. Raises as `get`."""
        if headers.get("transfer-encoding", "").lower() != "chunked":
            yield await self._reader.readexactly(_length(headers))
            return
        while size := int((await self._reader.readuntil(b"\r\n")).split(b";")[0], 16):
            yield (await self._reader.readexactly(size + 2))[:size]
        await self._reader.readuntil(b"\r\n")


def _length(headers: Mapping[str, str]) -> int:
    length = int(headers.get("content-length", "0"))
    if not 0 <= length <= MAX_BODY:
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
        case OSError(errno=int() as number):
            return errno.errorcode.get(number, "os").lower()
        case _:
            return "not-http"
