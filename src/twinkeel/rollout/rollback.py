"""Bring every load balancer back to what it had before, by the same way as an apply: validated, standby first, verified, undone."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from twinkeel.errors import UsageError
from twinkeel.hosts.executor import Writer
from twinkeel.hosts.lock import cluster_lock
from twinkeel.observe.host_state import MARKER
from twinkeel.plan.model import Desired
from twinkeel.render.files import RenderedFile, RenderedFiles
from twinkeel.render.haproxy import CA_PATH, CONFIG_PATH
from twinkeel.rollout.apply import converge
from twinkeel.rollout.generations import Generation, choose, list_generations, read_generation
from twinkeel.rollout.give_back import TAKE_DEADLINE, GiveBack
from twinkeel.rollout.observe_balancers import observe_balancers
from twinkeel.rollout.run import ApplyResult, Run, about_this_run
from twinkeel.rollout.write_project import write_project
from twinkeel.support.events import OnEvent
from twinkeel.topology.model import Topology
from twinkeel.vip.backend import VipBackend
from twinkeel.vip.choose_backend import vip_backend
from twinkeel.vip.verify_endpoint import verify_virtual_ips


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
    machines = [balancer.machine for balancer in topology.load_balancers]
    found = await asyncio.gather(*(read_generation(writer, machine, chosen.number) for machine in machines))
    files = {machine.name: mine for machine, mine in zip(machines, found, strict=True)}
    backend = vip_backend(topology)
    refuse_newcomers(files, backend, chosen.number)
    desired = desired_of(files)

    if not backend.exclusive and not all(_says_ours(mine, backend.config_path) for mine in files.values()):
        hint = "put FRR's old files back by hand, from /var/lib/twinkeel/generations there"
        raise UsageError(f"generation {chosen.number} is from before Twinkeel wrote FRR's files", hint=hint)
    # A pair that was given back and is taken over again: what ends was said before the first time.
    run = Run(topology, writer, log, on_event, break_lock, discard=True)
    if is_foreign(files, backend):
        return RollbackResult(chosen, await give_back(run, chosen.number, desired))
    return RollbackResult(chosen, await converge(run, f"rollback --to {chosen.number}", lambda _: desired))


def _says_ours(files: Sequence[RenderedFile], path: str) -> bool:
    return any(MARKER in file.content for file in files if file.path == path)


def is_foreign(files: Mapping[str, Sequence[RenderedFile]], backend: VipBackend) -> bool:
    """Whether a generation is of a pair that somebody else set up: it cannot be steered by our files."""
    every = (file for mine in files.values() for file in mine if file.path == backend.config_path)
    return any(not backend.is_ours(file.content) for file in every)


async def give_back(run: Run, number: int, desired: Desired) -> ApplyResult:
    """Bring load balancers back to files that somebody else wrote: not validated, standby first, verified through the virtual IP.

    Raises:
        LockedError: another run works on these load balancers.
        HostError, ToolError, VerificationError: it did not work; what was begun has our files again.
    """
    began = time.monotonic_ns()
    topology, writer = run.topology, run.writer
    machines = [balancer.machine for balancer in topology.load_balancers]
    command = f"rollback --to {number}"
    async with cluster_lock(writer, machines, f"twinkeel {command}", run.note, break_lock=run.break_lock):
        seen = await observe_balancers(run, lambda _: desired)
        proof = seen.ca if any(each.servers_up for each in seen.observed.values()) else None
        with TemporaryDirectory(prefix="twinkeel-") as name:
            kept_as = seen.next_generation
            work = GiveBack(topology, writer, seen.observed, proof, number, kept_as, Path(name), run.log, run.on_event)
            about = about_this_run(command, desired)
            write_project(Path(name) / "project", topology, desired, None, about, {"generation_number": kept_as})
            async with run.step("Give the load balancers back to their old files, which Twinkeel did not write"):
                await work.run()
        async with run.step("Verify through the virtual IP") as details:
            found = await verify_virtual_ips(writer, topology, proof, deadline=TAKE_DEADLINE)
            holders = {str(vip): holder for vip, holder in found.items()}
            details += [f"{vip} is on {holder}" for vip, holder in holders.items()]
    seconds = (time.monotonic_ns() - began) / 1e9
    return ApplyResult(work.changed, holders[str(topology.endpoint.vip.ip)], desired.trust, seconds, kept_as, holders)


def refuse_newcomers(files: dict[str, tuple[RenderedFile, ...]], backend: VipBackend, number: int) -> None:
    """A host that was no load balancer then has nothing to go back to.

    Raises:
        UsageError: there is one; nothing was changed.
    """
    for name, mine in files.items():
        if not {CONFIG_PATH, backend.config_path} <= {file.path for file in mine}:
            hint = "choose a later generation (`twinkeel rollback --list`), or take it out of the spec and run `twinkeel apply`"
            raise UsageError(f"generation {number} is from before {name} was a load balancer", where=name, hint=hint)


def desired_of(files: dict[str, tuple[RenderedFile, ...]]) -> Desired:
    """Kept files as what the load balancers shall have; the cluster's authority is a part of its own."""
    every = [file for mine in files.values() for file in mine]
    ca = next((file.content for file in every if file.path == CA_PATH), None)
    hosts = {name: tuple(file for file in mine if file.path != CA_PATH) for name, mine in files.items()}
    verified = all("verify none" not in file.content for file in every if file.path == CONFIG_PATH)
    return Desired(RenderedFiles(hosts, ()), ca, "verified" if verified else "bootstrap")
