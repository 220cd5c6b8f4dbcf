"""Use case: which timers these machines and this network bear; nothing on them is changed."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from twinkeel.app.context import Context
from twinkeel.app.hosts import ClusterHosts
from twinkeel.drill.load import relax, saturate
from twinkeel.errors import UsageError
from twinkeel.hosts.executor import Watcher, Writer
from twinkeel.topology.model import Machine
from twinkeel.tune.judge import Choice, Tuning
from twinkeel.tune.judge import judge as judge_recording
from twinkeel.tune.measure import PERIOD, measure
from twinkeel.tune.recording import Header, Line, Recording, read_recording, routers_of, write_recording

__all__ = ["Choice", "Tuning", "judge_file", "judge_recording", "plot", "record"]

AS_THEY_ARE, LOADED = "as they are", "loaded"
SPARE_SECONDS = 60.0


async def record(context: Context, seconds: float, *, load: bool, save: Path | None = None) -> Recording:
    """Let the load balancers send packets to each other, as they are, and with `load` a second time with busy processors.

    Args:
        seconds: of measuring, each time.
        save: where the recording goes, also one that broke off.

    Raises:
        UsageError: there is one load balancer only.
        HostError: a host cannot be reached, or its measurement ended early.
        LockedError: with `load`, another run works on these load balancers.
    """
    machines = [balancer.machine for balancer in context.topology.load_balancers]
    if len(machines) < 2:
        raise UsageError("there is one load balancer: nobody hears its advertisements", hint="timers matter from two of them on")
    lines: list[Line] = []
    phases = (AS_THEY_ARE, LOADED) if load else (AS_THEY_ARE,)
    header = _header(context, seconds, phases)
    try:
        async with _hosts(context, load=load) as (watcher, writer):
            context.note(_sentence(machines, seconds, AS_THEY_ARE))
            lines += await measure(watcher, context.topology, AS_THEY_ARE, seconds)
            if writer is not None:
                context.note(_sentence(machines, seconds, "with busy processors"))
                async with _saturated(writer, machines, seconds):
                    lines += await measure(watcher, context.topology, LOADED, seconds)
    finally:
        if save is not None and lines:
            write_recording(Recording(header, tuple(lines)), save)
    return Recording(header, tuple(lines))


def judge_file(path: Path, wished: float) -> Tuning:
    """What a recording says. Raises UsageError when it is none, and HostError when it broke off."""
    return judge_recording(read_recording(path), wished)


def plot(tuning: Tuning, path: Path) -> None:
    """Write a page with the figures. Raises ExtraMissingError without Plotly."""
    from twinkeel.report.tune_page import render_tune_page  # noqa: PLC0415 - templates, for this alone

    path.write_text(render_tune_page(tuning), encoding="utf-8")


def _sentence(machines: Sequence[Machine], seconds: float, how: str) -> str:
    return f"{', '.join(machine.name for machine in machines)}: measuring for {seconds:g} s, {how}"


def _header(context: Context, seconds: float, phases: tuple[str, ...]) -> Header:
    started = f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S %z}"
    name, routers = context.topology.name, routers_of(context.topology)
    return Header(name, started, version("twinkeel"), PERIOD, seconds, phases, routers)


@asynccontextmanager
async def _hosts(context: Context, *, load: bool) -> AsyncIterator[tuple[Watcher, Writer | None]]:
    """Hosts that can only be asked; to make them busy takes the lock, as any change."""
    if load:
        async with ClusterHosts(context).changing("twinkeel tune --load") as writer:
            yield writer, writer
    else:
        async with ClusterHosts(context).reading() as watcher:
            yield watcher, None


@asynccontextmanager
async def _saturated(hosts: Writer, machines: Sequence[Machine], seconds: float) -> AsyncIterator[None]:
    """Busy loops on every processor, which end by themselves when nobody is left to end them."""
    try:
        await asyncio.gather(*(saturate(hosts, machine, seconds + SPARE_SECONDS) for machine in machines))
        yield
    finally:
        await asyncio.gather(*(relax(hosts, machine) for machine in machines))
