"""A real HTTPS server in a process of its own: `python https_server.py CERTIFICATE` prints its port.

SIGUSR1 closes the listener (new connections are refused) and all connections; SIGUSR2 opens it again on the same port.
"""

import asyncio
import contextlib
import os
import signal
import ssl
import sys

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    def __init__(self, certificate: str) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.port = 0
        self.listener: asyncio.Server | None = None
        self.writers: set[asyncio.StreamWriter] = set()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.add(writer)
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(ANSWER)
                await writer.drain()
        except (OSError, EOFError):
            pass
        finally:
            self.writers.discard(writer)
            writer.close()

    async def open(self) -> None:
        self.listener = await asyncio.start_server(self.answer, "127.0.0.1", self.port, ssl=self.context)
        self.port = self.listener.sockets[0].getsockname()[1]

    def close(self) -> None:
        if self.listener:
            self.listener.close()
        for writer in self.writers:
            writer.transport.abort()


def prefer_this_process() -> None:
    """It stands for another machine: what else runs on this one must not make its answers late."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


async def main() -> None:
    prefer_this_process()
    server = Server(sys.argv[1])
    await server.open()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, server.close)
    loop.add_signal_handler(signal.SIGUSR2, lambda: loop.create_task(server.open()))
    print(server.port, flush=True)  # noqa: T201
    await asyncio.Event().wait()


asyncio.run(main())
