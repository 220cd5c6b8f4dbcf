"""`twinkeel apply`."""

from typing import TYPE_CHECKING, Annotated

import typer

from twinkeel.cli.options import DEFAULT_SPEC, BreakLock, Format, OutputFormat, SpecFile

if TYPE_CHECKING:
    from twinkeel.app.apply import ApplyResult

app = typer.Typer(add_completion=False)


@app.command()
def apply(
    file: SpecFile = DEFAULT_SPEC,
    format: OutputFormat = Format.text,  # noqa: A002
    break_lock: BreakLock = False,
    discard: Annotated[
        bool, typer.Option("--discard", help="Drop what only the foreign files do; `plan` lists it as lost.")
    ] = False,
    no_preflight: Annotated[bool, typer.Option("--no-preflight", help="Skip the checks that protect an apply.")] = False,
) -> None:
    """Bring the load balancers in line with the spec, verified through the virtual IP.

    Standby first, each host verified, undone on failure. Each host's own daemons validate the new files before
    any is
    replaced, and virtual IPs move away from a load balancer before it is worked on. A second run changes nothing.
    """
    from twinkeel.app.apply import apply as run_apply
    from twinkeel.app.run_log import logging
    from twinkeel.cli.load import open_context
    from twinkeel.cli.show_work import show_work

    context = logging(open_context(file, renders=True, break_lock=break_lock), "apply")
    show_work(
        context,
        f"apply {context.topology.name}",
        lambda given: run_apply(given, preflight=not no_preflight, discard=discard),
        _sentence,
        as_json=format is Format.json,
        hosts=context.load_balancers,
    )


def _sentence(result: "ApplyResult") -> str:
    changed = [f"{host}: {count} changed" for host, count in result.changed.items() if count]
    lines = [f"{', '.join(changed) if changed else 'nothing to change'} ({result.seconds:.1f} s)"]
    if result.generation is not None:
        lines.append(f"the previous files are generation {result.generation} (`twinkeel rollback` restores them)")
    return "\n".join(lines)
