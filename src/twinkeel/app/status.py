"""Use cases: the state of the system, once or again and again."""

import asyncio
from collections.abc import Callable

from twinkeel.app.context import Context
from twinkeel.app.hosts import ClusterHosts
from twinkeel.status import probe
from twinkeel.status.snapshot import Snapshot, as_json

__all__ = ["Snapshot", "as_json", "status", "watch"]


async def status(context: Context) -> Snapshot:
    """The state of the system now. Hosts that cannot be asked are part of the answer, never an error."""
    async with ClusterHosts(context).reading() as hosts:
        return await probe.take_snapshot(hosts, context.topology)


async def watch(context: Context, show: Callable[[Snapshot], None], period: float) -> None:
    """Show the state every `period` seconds, over connections that are kept, until it is cancelled."""
    async with ClusterHosts(context).reading() as hosts:
        ca = None
        while True:
            # Read once: it is the same for years, and every control-plane host was asked for it every second.
            ca = ca or await probe.find_ca(hosts, context.topology)
            show(await probe.take_snapshot(hosts, context.topology, ca))
            await asyncio.sleep(period)
