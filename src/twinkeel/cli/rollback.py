"""`twinkeel rollback`."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from twinkeel.cli.options import DEFAULT_SPEC, BreakLock, Format, OutputFormat, SpecFile

if TYPE_CHECKING:
    from twinkeel.rollout.generations import Generation
    from twinkeel.rollout.rollback import RollbackResult
    from twinkeel.topology.model import Topology

app = typer.Typer(add_completion=False)

Number = Annotated[int | None, typer.Option("--to", metavar="N", help="The generation; default: the newest one.")]
JustList = Annotated[bool, typer.Option("--list", help="Show the generations, change nothing.")]


@app.command()
def rollback(
    file: SpecFile = DEFAULT_SPEC,
    to: Number = None,
    listed: JustList = False,
    format: OutputFormat = Format.text,  # noqa: A002
    break_lock: BreakLock = False,
) -> None:
    """Bring all load balancers back to what they had before the last change, or to generation N.

    It goes the same way as an apply: judged first, standby first, verified, undone where it fails. The spec stays as it is:
    change it too, or the next `twinkeel apply` brings its settings again. A rollback can be taken back by another one.
    """
    import asyncio

    from twinkeel.cli.apply_progress import ApplyProgress
    from twinkeel.cli.load import load_topology
    from twinkeel.cli.run_log import new_log
    from twinkeel.hosts.ssh import SshHosts
    from twinkeel.rollout.rollback import rollback as run_rollback

    topology = load_topology(file)
    if listed:
        _show(topology, format)
        return
    log = new_log("rollback", topology.name)

    hosts_to_change = [balancer.machine.name for balancer in topology.load_balancers]

    async def run() -> "RollbackResult":
        async with SshHosts() as hosts:
            return await run_rollback(topology, hosts, log, progress.show, to, break_lock=break_lock)

    with ApplyProgress(f"rollback {topology.name}", as_json=format is Format.json, hosts=hosts_to_change, log=log) as progress:
        done = asyncio.run(run())
        progress.finish(done, _sentence(done))


def _sentence(done: "RollbackResult") -> str:
    seconds = f"({done.result.seconds:.1f} s)"
    if not done.result.changed_anything:
        return f"the load balancers already have generation {done.generation.number}: nothing to change {seconds}"
    return (
        f"the load balancers have generation {done.generation.number} again, {_origin(done.generation)} {seconds}\n"
        f"what they had before is generation {done.result.generation}; the next `twinkeel apply` brings the spec's settings again"
    )


def _show(topology: "Topology", format: Format) -> None:  # noqa: A002
    import asyncio

    from twinkeel.hosts.ssh import SshHosts
    from twinkeel.rollout.generations import list_generations

    async def run() -> "tuple[Generation, ...]":
        async with SshHosts() as hosts:
            return await list_generations(hosts, topology)

    generations = asyncio.run(run())
    if format is Format.json:
        print(json.dumps([{**asdict(generation), "whole": generation.whole} for generation in generations]))
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
