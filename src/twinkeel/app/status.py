"""Use cases: the state of the system, once or again and again, of one cluster or of many."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from twinkeel.app.answered import Answered
from twinkeel.app.clusters import Opened
from twinkeel.app.context import Context
from twinkeel.app.hosts import ClusterHosts
from twinkeel.errors import TwinkeelError
from twinkeel.status import probe, watcher
from twinkeel.status.changes import changes
from twinkeel.status.snapshot import Snapshot, as_json
from twinkeel.status.watcher import StatusWatcher

__all__ = ["Snapshot", "StatusWatcher", "as_json", "changes", "now", "status", "watching", "watching_each"]

Followed = Sequence[tuple[Path, StatusWatcher | TwinkeelError]]
"""What is followed of each spec, in their order."""


async def status(context: Context) -> Snapshot:
    """The state of the system now. Hosts that cannot be asked are part of the answer, never an error."""
    async with ClusterHosts(context).reading() as hosts:
        return await probe.take_snapshot(hosts, context.topology)


@asynccontextmanager
async def watching(context: Context, period: float = watcher.PERIOD) -> AsyncIterator[StatusWatcher]:
    """Follows the cluster while the body runs, over connections that are kept; looks every `period` seconds."""
    async with ClusterHosts(context).reading() as hosts, watcher.watch_status(hosts, context.topology, period) as followed:
        yield followed


@asynccontextmanager
async def watching_each(opened: Sequence[Opened], period: float = watcher.PERIOD) -> AsyncIterator[Followed]:
    """Follows every cluster while the body runs; a spec that cannot be used keeps its error."""
    async with AsyncExitStack() as stack:
        followed: list[tuple[Path, StatusWatcher | TwinkeelError]] = []
        for each in opened:
            if isinstance(each.context, TwinkeelError):
                followed.append((each.file, each.context))
            else:
                followed.append((each.file, await stack.enter_async_context(watching(each.context, period))))
        yield followed


def now(followed: Followed) -> list[Answered[Snapshot]]:
    """What is known of each cluster now."""
    return [
        Answered(file, None, each) if isinstance(each, TwinkeelError) else Answered(file, each.topology.name, each.snapshot)
        for file, each in followed
    ]
