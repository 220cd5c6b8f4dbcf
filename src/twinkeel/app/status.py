"""Use cases: the state of the system, once or again and again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from twinkeel.app.context import Context
from twinkeel.app.hosts import ClusterHosts
from twinkeel.status import probe, watcher
from twinkeel.status.snapshot import Snapshot, as_json
from twinkeel.status.watcher import StatusWatcher

__all__ = ["Snapshot", "StatusWatcher", "as_json", "status", "watching"]


async def status(context: Context) -> Snapshot:
    """The state of the system now. Hosts that cannot be asked are part of the answer, never an error."""
    async with ClusterHosts(context).reading() as hosts:
        return await probe.take_snapshot(hosts, context.topology)


@asynccontextmanager
async def watching(context: Context, period: float = watcher.PERIOD) -> AsyncIterator[StatusWatcher]:
    """Follows the cluster while the body runs, over connections that are kept; looks every `period` seconds."""
    async with ClusterHosts(context).reading() as hosts, watcher.watch_status(hosts, context.topology, period) as followed:
        yield followed
