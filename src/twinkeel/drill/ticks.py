"""When the streams of the client start their requests."""

import asyncio
import time
from collections.abc import AsyncIterator

from twinkeel.drill.history import SECOND


async def ticks(period: int, stop: asyncio.Event) -> AsyncIterator[tuple[int, int]]:
    """Pairs of (start, lateness) on a fixed grid, one for each tick that was not missed; without a period, whenever it is asked."""
    due = time.monotonic_ns()
    while not stop.is_set():
        now = time.monotonic_ns()
        if not period:
            yield now, 0
            continue
        if now < due:
            await asyncio.sleep((due - now) / SECOND)
            continue
        yield now, now - due
        due += max(1, -((due - now) // period)) * period
