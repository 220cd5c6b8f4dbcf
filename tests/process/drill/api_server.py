"""A real HTTPS server that answers lists and watches of leases as the Kubernetes API does: `python api_server.py CERTIFICATE LOSE`.

It prints its port. A lease changes every 20 ms. SIGUSR1 ends all connections; SIGUSR2 does that and forgets what happened: a watch
from an old version is answered 410. With LOSE=1 the first watch is not told of every fifth change: it misses something.
"""

import asyncio
import json
import re
import signal
import ssl
import sys

EVERY = 0.02


class Api:
    def __init__(self, certificate: str, lose: bool) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.lose = lose
        self.revision, self.oldest = 100, 0
        self.watches = 0
        self.changed = asyncio.Condition()
        self.writers: set[asyncio.StreamWriter] = set()

    def lease(self, revision: int) -> dict[str, object]:
        return {"metadata": {"name": "leader", "resourceVersion": str(revision)}}

    async def change(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            async with self.changed:
                self.revision += 1
                self.changed.notify_all()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.add(writer)
        try:
            while True:
                asked = (await reader.readuntil(b"\r\n\r\n")).decode()
                watched = re.search(r"watch=1.*resourceVersion=(\d+)", asked)
                if watched:
                    await self.watch(writer, int(watched[1]))
                else:
                    listed = {"metadata": {"resourceVersion": str(self.revision)}, "items": [self.lease(self.revision)]}
                    body = json.dumps(listed).encode() if "leases" in asked else b"ok"
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        except (OSError, EOFError):
            pass
        finally:
            self.writers.discard(writer)
            writer.close()

    async def watch(self, writer: asyncio.StreamWriter, known: int) -> None:
        if known < self.oldest:
            writer.write(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n")
            return
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        self.watches += 1
        loses = self.lose and self.watches == 1
        while not writer.is_closing():
            async with self.changed:
                await self.changed.wait()
            told = [revision for revision in range(known + 1, self.revision + 1) if not (loses and revision % 5 == 0)]
            known = self.revision
            text = "".join(json.dumps({"type": "MODIFIED", "object": self.lease(each)}) + "\n" for each in told).encode()
            # In two chunks that end anywhere: lines and chunks have nothing to do with each other.
            for piece in (text[: len(text) // 2], text[len(text) // 2 :]):
                if piece:
                    writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()

    def end_connections(self) -> None:
        for writer in self.writers:
            writer.transport.abort()

    def forget(self) -> None:
        self.oldest = self.revision + 1
        self.end_connections()


async def main() -> None:
    api = Api(sys.argv[1], sys.argv[2] == "1")
    server = await asyncio.start_server(api.answer, "127.0.0.1", 0, ssl=api.context)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, api.end_connections)
    loop.add_signal_handler(signal.SIGUSR2, api.forget)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201
    await api.change()


asyncio.run(main())
