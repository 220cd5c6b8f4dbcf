"""`twinkeel status`."""

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from twinkeel.cli.options import DEFAULT_SPEC, Format, OutputFormat, SpecFile
from twinkeel.errors import EXIT_FAILED, EXIT_GOOD, EXIT_NO

if TYPE_CHECKING:
    from rich.console import Console

    from twinkeel.app.context import Context
    from twinkeel.app.status import Snapshot

app = typer.Typer(add_completion=False)

WATCH_PERIOD = 1.0


@app.command()
def status(
    file: SpecFile = DEFAULT_SPEC,
    format: OutputFormat = Format.text,  # noqa: A002
    watch: Annotated[bool, typer.Option("--watch", help="Look again every second, until Ctrl-C.")] = False,
) -> None:
    """Show who holds each virtual IP, the backends, and whether the API is ready.

    Exit code 0: healthy. 1: something is not as it must be. 3: no host could be reached. A watch ends with 0.
    """
    import asyncio

    from twinkeel.app.status import status as look
    from twinkeel.cli.load import open_context

    context = open_context(file, reading=True)
    if watch:
        # Ctrl-C is how a watch ends: what it showed is the answer, and nothing failed.
        with contextlib.suppress(KeyboardInterrupt), _watcher(format) as show:
            asyncio.run(_watch(context, show))
        raise typer.Exit(EXIT_GOOD)
    snapshot = asyncio.run(look(context))
    _show(snapshot, format)
    raise typer.Exit(EXIT_GOOD if snapshot.healthy else EXIT_FAILED if snapshot.nobody_answered else EXIT_NO)


async def _watch(context: "Context", show: "Callable[[Snapshot], None]") -> None:
    """Show the state every WATCH_PERIOD seconds, until it is cancelled."""
    import asyncio

    from twinkeel.app.status import watching

    async with watching(context, WATCH_PERIOD) as watcher:
        show(await watcher.first())
        while True:
            await asyncio.sleep(WATCH_PERIOD)
            show(watcher.snapshot)


@contextlib.contextmanager
def _watcher(format: Format) -> "Iterator[Callable[[Snapshot], None]]":  # noqa: A002
    """Where each snapshot of a watch goes: a view that is drawn anew on a terminal, and only what changed elsewhere."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from twinkeel.cli.show_status import status_lines

    console = Console(highlight=False, soft_wrap=True)
    if format is Format.json:
        yield lambda snapshot: _show(snapshot, format)
    elif console.is_terminal:
        with Live(console=console, auto_refresh=False, screen=False) as live:
            yield lambda snapshot: live.update(Text.from_markup("\n".join(status_lines(snapshot))), refresh=True)
    else:
        yield _Changes(console).show


class _Changes:
    """Lines with the time of day, whenever they are not the same as before."""

    def __init__(self, console: "Console") -> None:
        self._console = console
        self._last: list[str] = []

    def show(self, snapshot: "Snapshot") -> None:
        from datetime import datetime

        from twinkeel.cli.show_status import status_lines

        lines = status_lines(snapshot)
        if lines != self._last:
            self._last = lines
            now = f"{datetime.now().astimezone():%H:%M:%S}"
            for line in lines:
                self._console.print(f"{now}  {line}")


def _show(snapshot: "Snapshot", format: Format) -> None:  # noqa: A002
    from rich.console import Console

    from twinkeel.app.status import as_json
    from twinkeel.cli.show_status import status_lines

    if format is Format.json:
        print(json.dumps(as_json(snapshot)), flush=True)
        return
    console = Console(highlight=False, soft_wrap=True)
    for line in status_lines(snapshot):
        console.print(line)
