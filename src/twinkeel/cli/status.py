"""`twinkeel status`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinkeel.cli.many import View, ask_many, show_many
from twinkeel.cli.options import DEFAULT_SPEC, Format, OutputFormat, SpecFiles
from twinkeel.cli.which_specs import specs_of
from twinkeel.errors import EXIT_FAILED, EXIT_GOOD, EXIT_NO

if TYPE_CHECKING:
    from twinkeel.app.clusters import Opened
    from twinkeel.app.status import Snapshot

app = typer.Typer(add_completion=False)

WATCH_PERIOD = 1.0
MANY_DEADLINE = 20.0
"""Seconds for one of several clusters: every look into one has a shorter deadline of its own."""


@app.command()
def status(
    file: SpecFiles = DEFAULT_SPEC,
    format: OutputFormat = Format.text,  # noqa: A002
    watch: Annotated[bool, typer.Option("--watch", help="Refresh every second, until Ctrl-C.")] = False,
) -> None:
    """Show who holds each virtual IP, the backends, and whether the API is ready.

    Given several specs, or a folder, prints a table with a row per cluster, and in JSON an entry of "clusters"; see
    docs/how-to/many-clusters.md.

    Exit code 0: healthy. 1: something is wrong. 3: no host could be reached. --watch ends with 0.
    """
    from twinkeel.app.status import status as read_status
    from twinkeel.cli.load import open_context
    from twinkeel.cli.run_async import run

    specs = specs_of(file)
    if watch:
        _watch(file, specs, format)
        raise typer.Exit(EXIT_GOOD)
    if specs is not None:
        answers = ask_many(specs, read_status, deadline=MANY_DEADLINE, reading=True)
        raise typer.Exit(show_many(_view(), answers, as_json=format is Format.json))
    snapshot = run(read_status(open_context(file, reading=True)))
    _show(snapshot, format)
    raise typer.Exit(_code(snapshot))


def _watch(file: Sequence[Path], specs: Sequence[Path] | None, format: Format) -> None:  # noqa: A002
    import contextlib

    from twinkeel.app.clusters import Opened, open_clusters
    from twinkeel.cli.load import open_context, show_findings
    from twinkeel.cli.run_async import run

    if specs is None:
        context = open_context(file, reading=True)
        opened = [Opened(context.file, context)]
    else:
        opened = open_clusters(specs, show_findings, reading=True)
    # Ctrl-C is how a watch ends: what it showed is the answer, and nothing failed.
    with contextlib.suppress(KeyboardInterrupt):
        run(_follow(opened, format, alone=specs is None))


async def _follow(opened: "Sequence[Opened]", format: Format, *, alone: bool) -> None:  # noqa: A002
    """Show the state every WATCH_PERIOD seconds, until it is cancelled."""
    import asyncio

    from twinkeel.app.status import now, watching_each
    from twinkeel.cli.many import many_json
    from twinkeel.cli.watch_view import watch_view

    async with watching_each(opened, WATCH_PERIOD) as followed:
        await asyncio.gather(*(each.first() for _, each in followed if not isinstance(each, Exception)))
        with watch_view(_view(), alone=alone, shows=format is Format.text) as show:
            while True:
                answers = now(followed)
                if show is not None:
                    show(answers)
                else:
                    answer = many_json(_view(), answers)
                    print(json.dumps(answer["clusters"][0]["result"] if alone else answer), flush=True)
                await asyncio.sleep(WATCH_PERIOD)


def _view() -> "View[Snapshot]":
    from twinkeel.app.status import as_json

    return View("status", code=_code, as_json=as_json, summary=_summary, details=_problems)


def _code(snapshot: "Snapshot") -> int:
    return EXIT_GOOD if snapshot.healthy else EXIT_FAILED if snapshot.nobody_answered else EXIT_NO


def _summary(snapshot: "Snapshot") -> str:
    holders = ", ".join(f"{vip.address}: {', '.join(vip.holders) or snapshot.no_holder}" for vip in snapshot.vips)
    count = len(snapshot.problems)
    state = "nobody answers" if snapshot.nobody_answered else f"{count} problem{'s' if count != 1 else ''}" if count else "healthy"
    return f"{state:<11}  {holders}"


def _problems(snapshot: "Snapshot") -> list[str]:
    return [*snapshot.problems, *(f"warning: {warning}" for warning in snapshot.warnings)]


def _show(snapshot: "Snapshot", format: Format) -> None:  # noqa: A002
    from rich.console import Console

    from twinkeel.app.status import as_json
    from twinkeel.cli.show_status import status_lines

    if format is Format.json:
        print(json.dumps(as_json(snapshot)), flush=True)
        return
    console = Console(highlight=False, emoji=False, soft_wrap=True)
    for line in status_lines(snapshot):
        console.print(line)
