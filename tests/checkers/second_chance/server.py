"""A line protocol, for clients that must notice when a connection breaks. A program of its own: server.py ADDRESS PORT."""

import asyncio
import sys
from contextlib import suppress


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncio.IncompleteReadError):
        while line := await reader.readline():
            word, _, value = line.decode().strip().partition(" ")
            await ANSWERS[word](value, reader, writer)
            await writer.drain()
    writer.close()


async def ping(_: str, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"pong\n")


async def slow(value: str, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(float(value))
    writer.write(b"pong\n")


async def upload(value: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(int(value))
    writer.write(b"pong\n")


async def stream(_: str, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x" * 2000 + b"\n")
        await writer.drain()
        await asyncio.sleep(0.05)


ANSWERS = {"ping": ping, "slow": slow, "upload": upload, "stream": stream}


async def main() -> None:
    async with await asyncio.start_server(serve, sys.argv[1], int(sys.argv[2]), backlog=1000) as server:
        await server.serve_forever()


asyncio.run(main())
