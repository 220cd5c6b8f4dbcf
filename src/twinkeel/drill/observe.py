"""What the load balancers themselves saw during a trial: who held the virtual IP, VRRP states, HAProxy's view of its servers.

Each event gets the time at which it arrived here: later than it happened by the way of one line over SSH, a few milliseconds.
Clocks of different machines are never compared. Nothing of this is evaluated; without it a verdict is the same.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.resources import files
from types import TracebackType
from typing import Any, Self

from twinkeel.drill.fault import OpenHosts
from twinkeel.errors import HostError
from twinkeel.topology.model import Machine, Topology

AGAIN_AFTER = 1.0
PROGRAM = (files("twinkeel.drill") / "programs" / "host_events.py").read_text(encoding="utf-8")

Log = Callable[..., None]


@dataclass
class Observers:
    """One watch on each load balancer, begun again when a host comes back; an async context manager."""

    topology: Topology
    hosts: OpenHosts
    log: Log
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._watch(balancer.machine)) for balancer in self.topology.load_balancers]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _watch(self, machine: Machine) -> None:
        vip = str(self.topology.endpoint.vip.ip)
        while True:
            heard = 0
            with contextlib.suppress(HostError):
                async with (
                    self.hosts() as hosts,
                    contextlib.aclosing(hosts.stream(machine, ("python3", "-c", PROGRAM, vip))) as lines,
                ):
                    async for line in lines:
                        heard = time.monotonic_ns()
                        self._take(machine, line)
            if heard:
                self.log("observer-lost", host=machine.name, heard=heard)
            await asyncio.sleep(AGAIN_AFTER)

    def _take(self, machine: Machine, line: str) -> None:
        try:
            record: dict[str, Any] = json.loads(line)
        except ValueError:
            return
        match record.pop("kind", None):
            case "start":
                address = str(self.topology.endpoint.vip.ip)
                self.log("vip", host=machine.name, address=address, held=address in record["held"])
            case "vip" | "vrrp" | "server" as name:
                self.log(name, host=machine.name, **record)
