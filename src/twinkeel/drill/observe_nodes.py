"""Which nodes are Ready, as the API says it, on the time line of a trial: `node` events, the state at first and each change.

It asks the API servers themselves, one after another: the virtual IP is what is under test.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from twinkeel.drill.access import Access, known_context
from twinkeel.drill.https import Connection, Target
from twinkeel.drill.k8s_watch import begin_watch, list_all
from twinkeel.drill.observe import Log
from twinkeel.topology.model import Topology

NODES = "/api/v1/nodes"
AGAIN_AFTER = 1.0
ESTABLISH_TIMEOUT = 3.0
SILENCE_SECONDS, SILENCE_TRIES = 5, 3


class NodeObserver:
    """An async context manager. Where nothing can be observed nothing is logged: no verdict hangs on it."""

    def __init__(self, topology: Topology, target: Target, access: Access, log: Log) -> None:
        addresses = [str(machine.address) for machine in topology.control_plane]
        port = topology.cluster.api_port
        self._targets = [replace(target, address=address, port=port, server_name=address) for address in addresses]
        self._access = access
        self._log = log
        self._ready: dict[str, bool] = {}

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._watch_always())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _watch_always(self) -> None:
        context = known_context(self._targets[0].ca_file, self._access)
        while True:
            for target in self._targets:
                with contextlib.suppress(OSError, EOFError, ValueError):
                    await self._watch(target, context)
                await asyncio.sleep(AGAIN_AFTER)

    async def _watch(self, target: Target, context: ssl.SSLContext) -> None:
        async with asyncio.timeout(ESTABLISH_TIMEOUT) as limit, Connection.open(target, context) as connection:
            connection.notice_death(SILENCE_SECONDS, SILENCE_TRIES)
            revision, nodes = await list_all(connection, NODES, self._access.token)
            for node in nodes:
                self._take(node)
            changes = await begin_watch(connection, NODES, self._access.token, revision)
            limit.reschedule(None)
            async with contextlib.aclosing(changes):
                async for change in changes:
                    if change.kind in ("ADDED", "MODIFIED"):
                        self._take(change.item)

    def _take(self, node: Mapping[str, Any]) -> None:
        name, ready = str(node["metadata"]["name"]), is_ready(node)
        if self._ready.get(name) is not ready:
            self._log("node", host=name, ready=ready, first=name not in self._ready)
            self._ready[name] = ready


def is_ready(node: Mapping[str, Any]) -> bool:
    """Whether a Node says of itself that it is Ready; "Unknown" (its kubelet is silent) is no."""
    conditions = node.get("status", {}).get("conditions", ())
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)
