"""One configuration after another on the load balancers, the same faults and client each time; ours comes back at the end."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from twinkeel.bench.configurations import Configuration
from twinkeel.bench.install import bring_back, peer_is_there, put_peer
from twinkeel.bench.plain_status import plain_status
from twinkeel.bench.results import RunMetadata, write_metadata
from twinkeel.drill.drill import Drill, ReadStatus
from twinkeel.drill.run import run_drill
from twinkeel.errors import TwinkeelError, VerificationError
from twinkeel.status.probe import take_snapshot
from twinkeel.topology.model import Topology

FAULTS = (
    "keepalived-stop",
    "haproxy-stop",
    "haproxy-dead",
    "haproxy-hang",
    "power-loss",
    "reboot-holder",
    "keepalived-kill",
    "api-server-stop",
    "api-server-kill",
    "control-plane-power-loss",
    "api-server-hang",
)
"""What is compared unless the user names others. A planned move is `keepalived-stop`: every configuration knows that one."""

COME_UP_DEADLINE = 120.0
STEADY_SECONDS = 4.0
POLL_EVERY = 0.5

Apply = Callable[[Topology], Awaitable[None]]


@dataclass(frozen=True)
class Bench:
    """What to compare.

    `drill` has faults, trials, client and folder; each configuration gets a folder of its id below it. `variants` are the
    topologies of our own profiles, by configuration; `apply` brings the load balancers to one of them, verified. `ca` is the
    cluster's certificate authority.
    """

    drill: Drill
    configurations: tuple[Configuration, ...]
    variants: Mapping[str, Topology]
    apply: Apply
    ca: str

    @property
    def read_status(self) -> ReadStatus:
        """The one that every configuration is looked at with."""
        return plain_status(self.ca)


async def run_bench(bench: Bench) -> None:
    """Every trial of every configuration. A configuration that cannot be measured is noted, and the next one follows.

    Raises:
        LockedError: another run works on these load balancers.
        VerificationError: the system is not healthy to begin with, or not when ours is back.
        TwinkeelError: ours could not be put back.
    """
    async with bench.drill.alone(), ours_afterwards(bench):
        for configuration in bench.configurations:
            bench.drill.on_message(f"{configuration.id}: {configuration.title}")
            await _measure(bench, configuration)


async def _measure(bench: Bench, configuration: Configuration) -> None:
    folder = bench.drill.folder / configuration.id
    folder.mkdir(parents=True)
    complaints: tuple[str, ...] = ()
    trouble = ""
    try:
        complaints = await put_on(bench, configuration)
        topology = bench.variants.get(configuration.id, bench.drill.topology)
        drill = replace(
            bench.drill,
            topology=topology,
            folder=folder,
            read_status=bench.read_status,
            settle_timeout=COME_UP_DEADLINE,
            settle=configuration.settle,
            held=True,
        )
        async for trial in run_drill(drill):
            downtime, failed = trial.verdict.downtime_ms, trial.verdict.failed
            bench.drill.on_message(f"{configuration.id}: {trial.scenario} {trial.number}: {downtime} ms, {failed} requests failed")
    except TwinkeelError as error:
        trouble = f"{error.what} ({error.where})" if error.where else error.what
        bench.drill.on_message(f"{configuration.id}: {error}")
    finally:
        write_metadata(folder, RunMetadata(complaints, trouble, bench.drill.recovery))


async def put_on(bench: Bench, configuration: Configuration) -> tuple[str, ...]:
    """Put a configuration on the load balancers and wait until it serves; what the daemons' checkers say of another's.

    Raises:
        TwinkeelError: it cannot be installed, or does not serve within two minutes.
    """
    hosts, topology = bench.drill.hosts, bench.drill.topology
    if configuration.profile is not None:
        await bring_back(hosts, topology)
        await bench.apply(bench.variants[configuration.id])
        complaints: tuple[str, ...] = ()
    else:
        complaints = await put_peer(hosts, topology, configuration)
    await wait_until_steady(bench)
    return complaints


async def wait_until_steady(bench: Bench) -> None:
    """Until everything was as it must be for four seconds on end. Raises VerificationError after two minutes."""
    begin = good_since = time.monotonic()
    async with bench.drill.hosts() as hosts:
        while time.monotonic() - good_since < STEADY_SECONDS:
            seen = await bench.read_status(hosts, bench.drill.topology)
            now = time.monotonic()
            if not seen.healthy:
                good_since = now
            if now - begin > COME_UP_DEADLINE:
                raise VerificationError(
                    f"it does not serve within {COME_UP_DEADLINE:g} s: {'; '.join(seen.problems) or 'unsteady'}"
                )
            await asyncio.sleep(POLL_EVERY)


@asynccontextmanager
async def ours_afterwards(bench: Bench) -> AsyncIterator[None]:
    """Begin on a healthy system with our own configuration; whatever ends the block, ours is put back and verified.

    Raises:
        VerificationError: the system is not healthy to begin with.
    """
    hosts, topology = bench.drill.hosts, bench.drill.topology
    if await peer_is_there(hosts, topology):
        bench.drill.on_message("an earlier bench was killed: putting our own configuration back first")
        await restore(bench)
    async with hosts() as reader:
        seen = await take_snapshot(reader, topology)
    if not seen.healthy:
        hint = "a bench begins on a healthy system only: look at `twinkeel status`, then `twinkeel apply`"
        raise VerificationError(f"the system is not healthy: {'; '.join(seen.problems)}", where=topology.name, hint=hint)
    try:
        yield
    finally:
        bench.drill.on_message("putting our own configuration back")
        await _to_the_end(restore(bench))


async def restore(bench: Bench) -> None:
    """Ours is back, applied and verified. Raises TwinkeelError."""
    await bring_back(bench.drill.hosts, bench.drill.topology)
    try:
        await wait_until_steady(bench)
    except VerificationError as error:
        # `apply` may still put it right, and says better what is wrong.
        bench.drill.on_message(str(error))
    await bench.apply(bench.drill.topology)


async def _to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Wait for work that an interrupt may not break off; the interrupt is passed on afterwards."""
    task = asyncio.ensure_future(work)
    interrupted = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            interrupted = True
    await task
    if interrupted:
        raise asyncio.CancelledError
