"""Server-sent events to one client: https://html.spec.whatwg.org/multipage/server-sent-events.html."""

import asyncio
import json
from collections.abc import Callable

from starlette.types import Receive, Scope, Send

from twinkeel.serve.board import Board, Place
from twinkeel.serve.numbers import Numbers

AT_MOST_EVERY = 0.1
WAIT = 1.0
SEND_TIMEOUT = 20.0
RETRY_MS = 1000
TYPE = b"text/event-stream"


class EventStream:
    """An ASGI answer that goes on until the client leaves, reads nothing for `SEND_TIMEOUT` seconds, or the server stops.

    A client that reads slowly gets the newest state when it reads again, never a queue.
    """

    def __init__(self, board: Board, numbers: Numbers, stopping: Callable[[], bool]) -> None:
        self._board, self._numbers, self._stopping = board, numbers, stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", TYPE)]})
        gone = asyncio.create_task(_gone(receive))
        self._numbers.clients.inc()
        try:
            await self._send(send, gone)
        except (TimeoutError, OSError):
            # It reads nothing, or has gone: the connection is closed, and its browser asks again.
            return
        finally:
            self._numbers.clients.dec()
            gone.cancel()

    async def _send(self, send: Send, gone: "asyncio.Task[None]") -> None:
        place = Place()
        await _send(send, f"retry: {RETRY_MS}\n\n".encode())
        loop = asyncio.get_running_loop()
        while not gone.done() and not self._stopping():
            due = loop.time() + AT_MOST_EVERY
            text = json.dumps(self._board.message(place), separators=(",", ":"))
            await _send(send, f"data: {text}\n\n".encode())
            self._numbers.messages.inc()
            await self._board.wait(WAIT)
            await asyncio.sleep(due - loop.time())
        await _send(send, b"", more=False)


async def _send(send: Send, body: bytes, *, more: bool = True) -> None:
    async with asyncio.timeout(SEND_TIMEOUT):
        await send({"type": "http.response.body", "body": body, "more_body": more})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
