"""Uses an endpoint in every way until its input ends, then tells what it saw. A program of its own: client.py ADDRESS PORT.

Prints {"new": {"ok", "failed", "stall"}, "kept": ..., "slow": ..., "upload": ..., "stream": ...}; stalls are milliseconds.
A kept connection that broke is opened again, so that each move can break it. `stall` is the longest time that an answer took beyond
what it takes by itself.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

TIMEOUT = 8.0
KEPT, SLOW, UPLOADS, STREAMS = 10, 4, 3, 4
ADDRESS, PORT = sys.argv[1], int(sys.argv[2])
SEEN: dict[str, dict[str, float]] = {
    kind: {"ok": 0, "failed": 0, "stall": 0.0} for kind in ("new", "kept", "slow", "upload", "stream")
}
WHY: dict[str, int] = {}


class Connection:
    """One connection and one thing that is done on it again and again."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter | None = None

    async def open(self) -> None:
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(ADDRESS, PORT)

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
            self.writer = None

    async def ask(self, line: str, body: bytes = b"", pieces: int = 1, pause: float = 0.0) -> None:
        await self.open()
        assert self.writer is not None
        self.writer.write(f"{line}\n".encode() if line else b"")
        for _ in range(pieces if body else 0):
            self.writer.write(body)
            await self.writer.drain()
            await asyncio.sleep(pause)
        if not await self.reader.readline():
            raise ConnectionError("the connection ended")

    async def judged(self, does: Callable[[], Awaitable[None]], expected: float) -> bool:
        seen, began = SEEN[self.kind], time.monotonic()
        try:
            async with asyncio.timeout(TIMEOUT):
                await does()
        except (OSError, TimeoutError) as error:
            seen["failed"] += 1
            why = f"{self.kind}: {type(error).__name__}"
            WHY[why] = WHY.get(why, 0) + 1
            self.close()
            return False
        seen["ok"] += 1
        seen["stall"] = max(seen["stall"], round((time.monotonic() - began - expected) * 1000, 1))
        return True


async def new() -> None:
    while True:
        connection = Connection("new")
        asyncio.create_task(_once(connection))  # noqa: RUF006
        await asyncio.sleep(0.02)


async def _once(connection: Connection) -> None:
    await connection.judged(lambda: connection.ask("ping"), 0)
    connection.close()


async def kept() -> None:
    connection = Connection("kept")
    while True:
        await connection.judged(lambda: connection.ask("ping"), 0)
        await asyncio.sleep(0.1)


async def slow() -> None:
    connection = Connection("slow")
    while True:
        await connection.judged(lambda: connection.ask("slow 0.4"), 0.4)


async def upload() -> None:
    """1.5 s of 20 kB every 50 ms: nearly every move meets one."""
    connection, piece, pieces = Connection("upload"), b"y" * 20_000, 30
    while True:
        await connection.judged(lambda: connection.ask(f"upload {len(piece) * pieces}", piece, pieces, 0.05), 1.5)


async def stream() -> None:
    connection, first = Connection("stream"), "stream"
    while True:
        going = await connection.judged(partial(connection.ask, first), 0.05)
        first = "" if going else "stream"


async def main() -> None:
    does = [new, *[kept] * KEPT, *[slow] * SLOW, *[upload] * UPLOADS, *[stream] * STREAMS]
    tasks = [asyncio.create_task(each()) for each in does]
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for task in tasks:
        task.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks)
    sys.stdout.write(json.dumps({**SEEN, "why": WHY}) + "\n")


asyncio.run(main())
