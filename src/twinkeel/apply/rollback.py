"""Bring every load balancer back to what it had before, by the same way as an apply: judged, standby first, verified, undone."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from twinkeel.apply.apply import ApplyResult, Desired, Run, converge
from twinkeel.apply.events import OnEvent
from twinkeel.apply.generations import Generation, choose, list_generations, read_generation
from twinkeel.errors import UsageError
from twinkeel.hosts.executor import Writer
from twinkeel.render.files import RenderedFile, RenderedFiles
from twinkeel.render.haproxy import CA_PATH, CONFIG_PATH
from twinkeel.render.keepalived import CONFIG_PATH as KEEPALIVED_CONFIG
from twinkeel.topology.model import Topology


@dataclass(frozen=True)
class RollbackResult:
    """Which generation the load balancers have again, and what came out."""

    generation: Generation
    result: ApplyResult


async def rollback(
    topology: Topology, writer: Writer, log: Path, on_event: OnEvent, number: int | None = None, *, break_lock: bool = False
) -> RollbackResult:
    """Bring the load balancers to generation `number`, or to the newest one.

    What they have now becomes a generation itself, so that a rollback can be taken back.

    Raises:
        UsageError: there is no such generation.
        HostError, ToolError, VerificationError: as for `apply`.
    """
    chosen = choose(await list_generations(writer, topology), number)

    async def decide(ca: str | None) -> Desired:
        machines = [balancer.machine for balancer in topology.load_balancers]
        found = await asyncio.gather(*(read_generation(writer, machine, chosen.number) for machine in machines))
        files = {machine.name: files for machine, files in zip(machines, found, strict=True)}
        refuse_newcomers(files, chosen.number)
        return desired_of(files)

    run = Run(topology, writer, log, on_event, break_lock)
    result = await converge(run, f"rollback --to {chosen.number}", decide)
    return RollbackResult(chosen, result)


def refuse_newcomers(files: dict[str, tuple[RenderedFile, ...]], number: int) -> None:
    """A host that was no load balancer then has nothing to go back to.

    Raises:
        UsageError: there is one; nothing was changed.
    """
    for name, mine in files.items():
        if not {CONFIG_PATH, KEEPALIVED_CONFIG} <= {file.path for file in mine}:
            hint = "choose a later generation (`twinkeel rollback --list`), or take it out of the spec and run `twinkeel apply`"
            raise UsageError(f"generation {number} is from before {name} was a load balancer", where=name, hint=hint)


def desired_of(files: dict[str, tuple[RenderedFile, ...]]) -> Desired:
    """Kept files as what the load balancers shall have; the cluster's authority is a part of its own."""
    every = [file for mine in files.values() for file in mine]
    ca = next((file.content for file in every if file.path == CA_PATH), None)
    hosts = {name: tuple(file for file in mine if file.path != CA_PATH) for name, mine in files.items()}
    verified = all("verify none" not in file.content for file in every if file.path == CONFIG_PATH)
    return Desired(RenderedFiles(hosts, ()), ca, "verified" if verified else "bootstrap")
