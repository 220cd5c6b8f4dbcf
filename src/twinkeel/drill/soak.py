"""A soak: every load balancer's processors saturated for minutes, and nothing may move.

It finds what a drill cannot: timers so short that a busy machine is taken for a dead one.
"""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from twinkeel.drill.checker import Answer, served
from twinkeel.drill.drill import Drill
from twinkeel.drill.frr import sessions_lost
from twinkeel.drill.history import EVENTS_FILE, MILLISECOND, Event, History, HistoryWriter, read_history
from twinkeel.drill.load import relax, saturate
from twinkeel.drill.measure import Measurement
from twinkeel.drill.observe import Log, Observers
from twinkeel.drill.run import require_health
from twinkeel.drill.streams import ALONE

REPORT_EVERY = 15.0
POLL_EVERY = 0.5
SPARE_SECONDS = 30.0
STARTING_SECONDS = 1.0


@dataclass(frozen=True)
class SoakResult:
    """What a soak came to. `false_failovers` counts how often a load balancer took the virtual IP although nobody failed.

    `sessions_lost` counts BGP sessions that ended, None with VRRP.
    """

    minutes: float
    requests: int
    failed: int
    slowest_ms: float | None
    false_failovers: int
    sessions_lost: int | None
    verdict: Answer
    reasons: tuple[str, ...]


async def soak(drill: Drill, minutes: float) -> SoakResult:
    """Saturate, measure, relax, evaluate.

    Raises:
        LockedError: another run works on these load balancers.
        VerificationError: the system is not whole to begin with.
        HostError: a load balancer cannot be reached.
        ToolError: the client died.
    """
    async with drill.alone():
        await _saturated(drill, minutes)
    return evaluate_soak(read_history(drill.folder / "soak"))


async def _saturated(drill: Drill, minutes: float) -> None:
    holder = await require_health(drill)
    folder = drill.folder / "soak"
    folder.mkdir(parents=True)
    machines = [balancer.machine for balancer in drill.topology.load_balancers]
    with HistoryWriter(folder / EVENTS_FILE) as writer:

        def log(name: str, **data: str | float) -> None:
            writer.append(Event(name, time.monotonic_ns(), data))

        log("soak", minutes=minutes, holder=holder.name)
        async with drill.hosts() as hosts:
            try:
                async with (
                    Observers(drill.topology, drill.hosts, log),
                    Measurement(drill.target, folder, drill.access, ALONE, drill.period) as client,
                ):
                    await asyncio.sleep(STARTING_SECONDS)
                    await asyncio.gather(*(saturate(hosts, machine, minutes * 60 + SPARE_SECONDS) for machine in machines))
                    await _note_sessions(drill, log)
                    log("saturated")
                    await _wait(drill, client, minutes * 60)
                    log("relaxed")
                    await _note_sessions(drill, log)
            finally:
                await asyncio.gather(*(relax(hosts, machine) for machine in machines))


async def _note_sessions(drill: Drill, log: Log) -> None:
    """How many BGP sessions each load balancer has lost so far."""
    if drill.topology.bgp is None:
        return
    async with drill.hosts() as hosts:
        for balancer in drill.topology.load_balancers:
            log("bgp-sessions", host=balancer.machine.name, lost=await sessions_lost(hosts, balancer.machine))


async def _wait(drill: Drill, client: Measurement, seconds: float) -> None:
    began = reported = time.monotonic()
    while time.monotonic() - began < seconds:
        client.served_for()
        if time.monotonic() - reported > REPORT_EVERY:
            reported = time.monotonic()
            drill.on_message(f"soak: {reported - began:.0f} of {seconds:.0f} s")
        await asyncio.sleep(POLL_EVERY)


def evaluate_soak(history: History) -> SoakResult:
    """Pure, so that an old soak can be evaluated again. A soak that broke off is `unknown`, never `pass`."""
    begin, end = history.event("saturated"), history.event("relaxed")
    minutes = history.value("soak", "minutes")
    if begin is None or end is None or not isinstance(minutes, int | float):
        return SoakResult(0, 0, 0, None, 0, None, "unknown", (*history.flaws, "the soak was broken off"))
    asked = [each for each in history.requests if each.stream == "new" and begin.at <= each.start <= end.at]
    taken = [
        each for each in history.events if each.name == "vip" and each.data.get("held") is True and begin.at < each.at <= end.at
    ]
    watched = {each.data.get("host") for each in history.events if each.name == "vip"}
    weak = list(history.flaws)
    if not asked or not watched:
        weak.append("nothing was measured")
    if any(each.name == "observer-lost" and begin.at < each.at <= end.at for each in history.events):
        weak.append("a load balancer could not be watched all the time")
    failures = [f"the virtual IP moved {len(taken)} times although nobody failed"] if taken else []
    lost = _sessions_lost(history)
    failures += [f"{lost} BGP sessions were lost although nobody failed"] if lost else []
    times = [(each.end - each.start) / MILLISECOND for each in asked if not each.error]
    return SoakResult(
        minutes=minutes,
        requests=len(asked),
        failed=sum(not served(each) for each in asked),
        slowest_ms=round(max(times), 1) if times else None,
        false_failovers=len(taken),
        sessions_lost=lost,
        verdict="fail" if failures else "unknown" if weak else "pass",
        reasons=(*weak, *failures),
    )


def _sessions_lost(history: History) -> int | None:
    """How many more had been lost at the end than at the beginning; None where none were counted."""
    counts: dict[object, list[int]] = {}
    for each in history.events:
        if each.name == "bgp-sessions":
            counts.setdefault(each.data.get("host"), []).append(int(each.data["lost"]))
    # A daemon that died in between counts anew: at least that is a loss.
    return sum(abs(told[-1] - told[0]) for told in counts.values()) if counts else None


def read_soak(folder: Path) -> SoakResult:
    """The result of a soak that was recorded below `folder`, evaluated anew. Raises UsageError when there is none."""
    return evaluate_soak(read_history(folder / "soak"))
