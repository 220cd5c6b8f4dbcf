"""`twinkeel rollback`."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from twinkeel.cli.options import DEFAULT_SPEC, BreakLock, Format, OutputFormat, SpecFile

if TYPE_CHECKING:
    from twinkeel.app.context import Context
    from twinkeel.app.rollback import Generation, RollbackResult

app = typer.Typer(add_completion=False)

Number = Annotated[int | None, typer.Option("--to", metavar="N", help="The generation; default: the newest one.")]
JustList = Annotated[bool, typer.Option("--list", help="List the generations; changes nothing.")]


@app.command()
def rollback(
    file: SpecFile = DEFAULT_SPEC,
    to: Number = None,
    listed: JustList = False,
    format: OutputFormat = Format.text,  # noqa: A002
    break_lock: BreakLock = False,
) -> None:
    """Restore what all load balancers had before the last change, or generation N.

    It works like an apply: validated first, standby first, verified, undone on failure. The spec is left as it is:
    change it too, or the next `twinkeel apply` restores its settings. A rollback can be undone by another one.
    """
    from twinkeel.app.rollback import rollback as run_rollback
    from twinkeel.app.run_log import logging
    from twinkeel.cli.load import open_context
    from twinkeel.cli.show_work import show_work

    context = open_context(file, break_lock=break_lock)
    if listed:
        _show(context, format)
        return
    context = logging(context, "rollback")
    show_work(
        context,
        f"rollback {context.topology.name}",
        lambda given: run_rollback(given, to),
        _sentence,
        as_json=format is Format.json,
        hosts=context.load_balancers,
    )


def _sentence(done: "RollbackResult") -> str:
    seconds = f"({done.result.seconds:.1f} s)"
    if not done.result.changed_anything:
        return f"the load balancers already have generation {done.generation.number}: nothing to change {seconds}"
    return (
        f"the load balancers have generation {done.generation.number} again, {_origin(done.generation)} {seconds}\n"
        f"what they had before is generation {done.result.generation}; the next `twinkeel apply` brings the spec's settings again"
    )


def _show(context: "Context", format: Format) -> None:  # noqa: A002
    from twinkeel.app.rollback import list_generations
    from twinkeel.cli.run_async import run

    generations = run(list_generations(context))
    if format is Format.json:
        print(json.dumps([{**asdict(generation), "whole": generation.complete} for generation in generations]))
        return
    for generation in generations:
        replaced = f"replaced {generation.replaced_at} by {generation.replaced_by} ({generation.command})"
        print(f"{generation.number:4}  {_origin(generation)}, {replaced}")
        if generation.missing:
            print(f"      {' and '.join(generation.missing)} cannot go back to it: Twinkeel had installed nothing there yet")
    if not generations:
        print("no generation is kept yet: nothing was ever replaced")


def _origin(generation: "Generation") -> str:
    if not generation.applied_at:
        return "from before Twinkeel noted who applies"
    return f"applied {generation.applied_at} by {generation.applied_by}"
