"""The way of requests through each configuration: how many a second, how late the slowest, and what an idle load balancer costs."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from statistics import median

from twinkeel.bench.configurations import Configuration
from twinkeel.bench.load_generator import Load, make_load
from twinkeel.bench.run import Bench, ours_afterwards, put_on
from twinkeel.errors import TwinkeelError
from twinkeel.topology.model import Machine

STRAIGHT = "straight to one API server"
UNITS = ("haproxy", "keepalived", "twinkeel-liveness")
IDLE_PROGRAM = (files("twinkeel.bench") / "programs" / "measure_idle.py").read_text(encoding="utf-8")
SETTLE_SECONDS = 2.0


@dataclass(frozen=True)
class Effort:
    """How hard to try: seconds of each run, connections at once, runs of each kind, and seconds that an idle pair is watched."""

    seconds: int
    connections: int
    rounds: int
    idle_seconds: int


@dataclass(frozen=True)
class Cost:
    """One unit on one idle load balancer: memory in MiB (PSS) and the share of one processor in percent."""

    unit: str
    memory_mib: float
    processor_percent: float


@dataclass(frozen=True)
class Path:
    """What was measured of one way: medians of the rounds.

    `new` makes a TLS connection for each request, `kept` none. `costs` are those of the virtual IP's holder, empty for the way that
    has no load balancer. `trouble` says why figures are missing.
    """

    name: str
    new: Load | None
    kept: Load | None
    costs: tuple[Cost, ...] = ()
    trouble: str = ""


async def measure_paths(bench: Bench, effort: Effort) -> list[Path]:
    """The way straight to the first API server, then through each configuration; ours is back at the end.

    Raises:
        LockedError: another run works on these load balancers.
        VerificationError: the system is not healthy to begin with.
        TwinkeelError: ours could not be put back.
    """
    topology = bench.drill.topology
    server, vip = topology.control_plane[0].address, topology.endpoint.vip.ip
    async with bench.drill.alone(), ours_afterwards(bench):
        bench.drill.on_message(STRAIGHT)
        paths = [await _measure(STRAIGHT, f"https://{server}:{topology.cluster.api_port}/readyz", effort)]
        for configuration in bench.configurations:
            bench.drill.on_message(f"{configuration.id}: {configuration.title}")
            paths.append(await _through(bench, configuration, f"https://{vip}:{topology.endpoint.port}/readyz", effort))
    return paths


async def _through(bench: Bench, configuration: Configuration, url: str, effort: Effort) -> Path:
    try:
        await put_on(bench, configuration)
        costs = await _idle(bench, effort.idle_seconds)
    except TwinkeelError as error:
        return Path(configuration.id, None, None, trouble=error.what)
    return await _measure(configuration.id, url, effort, costs)


async def _measure(name: str, url: str, effort: Effort, costs: tuple[Cost, ...] = ()) -> Path:
    loads: dict[bool, list[Load]] = {False: [], True: []}
    try:
        for _ in range(effort.rounds):
            for keep, done in loads.items():
                # The last run's connections are closed by now: they are no part of this one's.
                await asyncio.sleep(SETTLE_SECONDS)
                done.append(await make_load(url, effort.seconds, effort.connections, keep=keep))
    except TwinkeelError as error:
        return Path(name, None, None, costs, error.what)
    return Path(name, medians(loads[False]), medians(loads[True]), costs)


def medians(loads: Sequence[Load]) -> Load:
    """The median of each figure; requests and failures are sums."""
    return Load(
        per_second=median(each.per_second for each in loads),
        p99_ms=median(each.p99_ms for each in loads),
        requests=sum(each.requests for each in loads),
        failed=sum(each.failed for each in loads),
    )


async def _idle(bench: Bench, seconds: int) -> tuple[Cost, ...]:
    """What the holder's services cost while nobody asks. Raises HostError."""
    topology = bench.drill.topology
    async with bench.drill.hosts() as hosts:
        seen = await bench.read_status(hosts, topology)
        holder: Machine = next(each.machine for each in topology.load_balancers if each.machine.name in seen.vips[0].holders)
        argv = ("python3", "-c", IDLE_PROGRAM, str(seconds), *UNITS)
        costs = json.loads((await hosts.run(holder, argv, timeout=seconds + 20)).checked().stdout)
    return tuple(Cost(unit, costs[unit][0] / 1024, 100 * costs[unit][1] / seconds) for unit in UNITS if unit in costs)
