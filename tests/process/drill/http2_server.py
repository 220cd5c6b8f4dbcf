"""A real TLS server that speaks HTTP/2 and HTTP/1.1 as an API server does: `python http2_server.py CERTIFICATE [CLIENT_CA]`.

It prints its port. With CLIENT_CA it wants a client certificate, and answers 401 without one. A word on standard input breaks it:

    reset       ends every connection without a word
    goaway      tells HTTP/2 clients to go, with the last stream that it has begun; HTTP/1.1 clients get `Connection: close`
    goaway-old  the same, but the streams of the last 50 ms count as not begun
    refuse      resets every stream under way as not begun (REFUSED_STREAM)
    hang        answers nothing any more, and takes nothing in
    error       answers 500
    well        as before
"""

import asyncio
import contextlib
import json
import os
import socket
import ssl
import sys

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, RequestReceived, StreamEnded, WindowUpdated
from h2.exceptions import H2Error

LONG = b"x" * 1_500_000
SEEN = {"GET /readyz": (200, b"ok"), "GET /api/v1/namespaces/kube-system": (200, b'{"kind":"Namespace"}')}


def answer_of(method: str, path: str, body: bytes, mode: str) -> tuple[int, bytes]:
    if mode == "error":
        return 500, b"no"
    if method == "POST":
        return (201, b"{}") if json.loads(body)["kind"] == "SelfSubjectAccessReview" else (400, b"")
    return (200, LONG) if path == "/openapi/v2" else SEEN.get(f"{method} {path}", (404, b""))


class Server:
    def __init__(self) -> None:
        self.mode = "well"
        self.links: set[Http1 | Http2] = set()
        self.authenticates = len(sys.argv) > 2

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tls = writer.get_extra_info("ssl_object")
        known = not self.authenticates or tls.getpeercert() is not None
        link = (Http2 if tls.selected_alpn_protocol() == "h2" else Http1)(self, reader, writer, known)
        self.links.add(link)
        try:
            await link.serve()
        except (OSError, EOFError, H2Error):
            pass
        finally:
            self.links.discard(link)
            writer.close()

    def answer(self, method: str, path: str, body: bytes, known: bool) -> tuple[int, bytes]:
        return answer_of(method, path, body, self.mode) if known else (401, b"")

    async def not_hanging(self) -> None:
        while self.mode == "hang":
            await asyncio.sleep(0.01)

    def command(self) -> None:
        word = sys.stdin.readline().strip()
        if word in ("hang", "error", "well"):
            self.mode = word
            return
        for link in list(self.links):
            link.breaks(word)


class Http1:
    def __init__(self, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, known: bool) -> None:
        self.server, self.reader, self.writer, self.known = server, reader, writer, known
        self.closing = False

    def breaks(self, word: str) -> None:
        if word == "reset":
            self.writer.transport.abort()
        self.closing = self.closing or word == "goaway"

    async def serve(self) -> None:
        while not self.closing:
            first, *lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines if line)
            body = await self.reader.readexactly(int(headers.get("content-length", 0)))
            await self.server.not_hanging()
            method, path, _ = first.split()
            status, text = self.server.answer(method, path, body, self.known)
            said = "Connection: close\r\n" if self.closing else ""
            self.writer.write(f"HTTP/1.1 {status} Some\r\n{said}Transfer-Encoding: chunked\r\n\r\n".encode())
            for begin in range(0, len(text), 100_000):
                piece = text[begin : begin + 100_000]
                self.writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                await self.writer.drain()
            self.writer.write(b"0\r\n\r\n")


class Http2:
    def __init__(self, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, known: bool) -> None:
        self.server, self.reader, self.writer, self.known = server, reader, writer, known
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self.asked: dict[int, tuple[dict[str, str], bytearray]] = {}
        self.begun: dict[int, float] = {}
        self.rest: dict[int, bytes] = {}
        self.going = False

    def flush(self) -> None:
        self.writer.write(self.h2.data_to_send())

    def breaks(self, word: str) -> None:
        if word == "reset":
            self.writer.transport.abort()
        elif word == "refuse":
            for number in {*self.asked, *self.rest}:
                self.h2.reset_stream(number, ErrorCodes.REFUSED_STREAM)
            self.asked.clear()
            self.rest.clear()
            self.flush()
        elif word.startswith("goaway"):
            now = asyncio.get_running_loop().time()
            old = [number for number, at in self.begun.items() if word == "goaway" or now - at > 0.05]
            self.going = True
            last = max(old, default=0)
            # By hand: the library would end the connection with it.
            self.writer.write(b"\0\0\x08\x07\0" + bytes(4) + last.to_bytes(4, "big") + bytes(4))
            for number in [number for number in {*self.asked, *self.rest} if number > last]:
                self.asked.pop(number, None)
                self.rest.pop(number, None)

    async def serve(self) -> None:
        self.h2.initiate_connection()
        self.flush()
        while not (self.going and not self.asked and not self.rest):
            data = await self.reader.read(65536)
            if not data:
                return
            await self.server.not_hanging()
            for event in self.h2.receive_data(data):
                self.take(event)
            self.flush()

    def take(self, event: object) -> None:
        match event:
            case RequestReceived() if not self.going:
                self.asked[event.stream_id] = (dict(event.headers), bytearray())
                self.begun[event.stream_id] = asyncio.get_running_loop().time()
            case DataReceived():
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                if event.stream_id in self.asked:
                    self.asked[event.stream_id][1].extend(event.data)
            case StreamEnded() if event.stream_id in self.asked:
                headers, body = self.asked.pop(event.stream_id)
                status, text = self.server.answer(headers[":method"], headers[":path"], bytes(body), self.known)
                self.h2.send_headers(event.stream_id, [(":status", str(status))])
                self.rest[event.stream_id] = text
                self.write_more(event.stream_id)
            case WindowUpdated():
                for number in list(self.rest):
                    self.write_more(number)
            case _:
                pass

    def write_more(self, number: int) -> None:
        try:
            while rest := self.rest[number]:
                size = min(self.h2.local_flow_control_window(number), self.h2.max_outbound_frame_size, len(rest))
                if size == 0:
                    return
                self.h2.send_data(number, rest[:size])
                self.rest[number] = rest[size:]
            self.h2.end_stream(number)
            del self.rest[number]
        except H2Error:
            # The client has left this answer.
            self.rest.pop(number, None)


def prefer_this_process() -> None:
    """It stands for another machine: what else runs on this one must not make its answers late."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


async def main() -> None:
    prefer_this_process()
    server = Server()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1])
    context.set_alpn_protocols(["h2", "http/1.1"])
    if server.authenticates:
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(sys.argv[2])
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context)
    # What was written into a large buffer would arrive after all.
    listener.sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32 * 1024)
    asyncio.get_running_loop().add_reader(sys.stdin, server.command)
    print(listener.sockets[0].getsockname()[1], flush=True)  # noqa: T201
    await asyncio.Event().wait()


asyncio.run(main())
