"""Running work that must put things right before it ends, whatever ends it; and showing what it says meanwhile."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from twinkeel.cli.run_async import run, tell_of_stopping
from twinkeel.support.events import Event, Notice, OnEvent

if TYPE_CHECKING:
    from rich.console import Console

Result = TypeVar("Result")


def run_to_the_end(work: Coroutine[Any, Any, Result]) -> Result:
    """What it returns; SIGTERM and a closed terminal end it as Ctrl-C does: what was broken or changed is put back first."""

    async def with_signals() -> Result:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()

        def end() -> None:
            tell_of_stopping(loop)
            if task is not None:
                task.cancel()

        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, end)
        return await work

    try:
        return run(with_signals())
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

    return Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)
