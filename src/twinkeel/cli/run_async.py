"""Running asynchronous work: Ctrl-C is answered at once, and ends it as soon as what was begun is put right."""

import asyncio
import signal
import sys
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

ANSWERED_AFTER = 0.2
"""Seconds after which whoever pressed Ctrl-C is told what is waited for: most work ends sooner."""
STOPPING = "twinkeel: stopping; what was begun is put right first (Ctrl-C again to force)"

Result = TypeVar("Result")


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """What it returns. Raises KeyboardInterrupt after Ctrl-C, once the work has ended; at once after a second one."""

    async def answering() -> Result:
        with answering_interrupts():
            return await work

    return asyncio.run(answering())


@contextmanager
def answering_interrupts() -> Iterator[None]:
    """Inside `asyncio.run`, which obeys Ctrl-C without a word: a lock is released at a host that may be silent for seconds."""
    obey = signal.getsignal(signal.SIGINT)
    if not callable(obey) or threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()

    def interrupted(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, obey)
        loop.call_soon_threadsafe(tell_of_stopping, loop)
        obey(number, frame)

    signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is interrupted:
            signal.signal(signal.SIGINT, obey)


def tell_of_stopping(loop: asyncio.AbstractEventLoop) -> None:
    """Say it if the work does not end soon; work that is then ended by force leaves no traceback of its pieces."""
    loop.set_exception_handler(lambda *_: None)
    loop.call_later(ANSWERED_AFTER, lambda: print(STOPPING, file=sys.stderr, flush=True))
