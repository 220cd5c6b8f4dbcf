"""Use case: which timers these machines and this network bear; nothing on them is changed."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from twinkeel.app.context import Context
from twinkeel.app.hosts import ClusterHosts
from twinkeel.errors import UsageError
from twinkeel.hosts.executor import Watcher
from twinkeel.support.extras import require
from twinkeel.tune.evaluate import Direction, Tuning
from twinkeel.tune.evaluate import evaluate as evaluate_recording
from twinkeel.tune.measure import PERIOD, Phase, measure
from twinkeel.tune.recording import Header, Line, Recording, read_recording, routers_of, write_recording

__all__ = ["Direction", "Tuning", "evaluate_file", "evaluate_recording", "plot", "record", "require_plot"]


async def record(context: Context, seconds: float, *, load: bool, save: Path | None = None) -> Recording:
    """Let the load balancers send packets to each other, as they are, and with `load` a second time with busy processors.

    Args:
        seconds: of measuring, each time.
        save: where the recording goes, also one that broke off.

    Raises:
        UsageError: there is one load balancer only, or there are no advertisements.
        HostError: a host cannot be reached, or its measurement ended early.
        LockedError: with `load`, another run works on these load balancers.
    """
    if len(context.topology.load_balancers) < 2:
        raise UsageError("there is one load balancer: nobody hears its advertisements", hint="timers matter from two of them on")
    if context.topology.bgp is not None:
        raise UsageError(
            "load balancers announce the virtual IPs by BGP: BFD's timers are between them and routers, whose part is not measured",
            hint="docs/bgp.md, Timers of BFD: which to choose; preflight's P039 sees whether bfdd gets its turn in time",
        )
    phases: tuple[Phase, ...] = ("as they are", "loaded") if load else ("as they are",)
    header, lines = _header(context, seconds, phases), list[Line]()
    if save is not None:
        # A folder that is missing must not be found out after an hour.
        write_recording(Recording(header, ()), save)
    try:
        async with _hosts(context, load=load) as hosts:
            await measure(hosts, context.topology, header, lines, context.note)
    finally:
        if save is not None and lines:
            write_recording(Recording(header, tuple(lines)), save)
    return Recording(header, tuple(lines))


def evaluate_file(path: Path, wished: float) -> Tuning:
    """What a recording says. Raises UsageError when it is none, and HostError when it broke off."""
    return evaluate_recording(read_recording(path), wished)


def require_plot(path: Path) -> None:
    """See that a page can be written there, before anything is measured. Raises ExtraMissingError without Plotly, and OSError."""
    require("plotly")
    path.touch()


def plot(tuning: Tuning, path: Path) -> None:
    """Write a page with the figures. Raises ExtraMissingError without Plotly."""
    from twinkeel.report.tune_page import render_tune_page  # noqa: PLC0415 - templates, for this alone

    path.write_text(render_tune_page(tuning), encoding="utf-8")


def _header(context: Context, seconds: float, phases: tuple[str, ...]) -> Header:
    started = f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S %z}"
    name, routers = context.topology.name, routers_of(context.topology)
    return Header(name, started, version("twinkeel"), PERIOD, seconds, phases, routers)


def _hosts(context: Context, *, load: bool) -> AbstractAsyncContextManager[Watcher]:
    """Hosts that can only be asked; to make them busy takes the lock, as any change."""
    hosts = ClusterHosts(context)
    return hosts.changing("twinkeel tune --load") if load else hosts.reading()
