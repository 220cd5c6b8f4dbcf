"""Running work that must put things right before it ends, whatever ends it; and showing what it says meanwhile."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from twinkeel.support.events import Event, Notice, OnEvent

if TYPE_CHECKING:
    from rich.console import Console

Result = TypeVar("Result")


def run_to_the_end(work: Coroutine[Any, Any, Result]) -> Result:
    """What it returns; SIGTERM and a closed terminal end it as Ctrl-C does: what was broken or changed is put back first."""

    async def with_signals() -> Result:
        task = asyncio.current_task()
        if task is not None:
            for number in (signal.SIGTERM, signal.SIGHUP):
                asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        return await work

    try:
        return asyncio.run(with_signals())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def notes_on(console: "Console") -> OnEvent:
    """Shows what a person must read, a line each."""

    def show(event: Event) -> None:
        if isinstance(event, Notice):
            console.print(event.text, markup=False)

    return show


def notes_console() -> "Console":
    """Where lines for a person go who watches: standard error, each line as long as it is."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)
