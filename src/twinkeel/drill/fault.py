"""What a fault is, and what it may do it with."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal

from twinkeel.errors import HostError
from twinkeel.hosts.executor import Writer
from twinkeel.spec.fields import IPAddress
from twinkeel.status.holders import read_addresses
from twinkeel.topology.model import Machine, Topology

OpenHosts = Callable[[], AbstractAsyncContextManager[Writer]]
POLL_EVERY = 0.2
# Restart= waits half a second, the watchdog at most a few; a busy machine needs several times that.
SELF_HEALING_DEADLINE = 20.0

BOOT = ("cat", "/proc/sys/kernel/random/boot_id")
KEEPALIVED_RUN = ("systemctl", "show", "--property=InvocationID", "--value", "keepalived")
HAPROXY_RUN = ("systemctl", "show", "--property=InvocationID", "--value", "haproxy")


@dataclass(frozen=True)
class Scene:
    """Where a fault happens, and how hosts are reached.

    `holder` holds the virtual IP, or is the first of those that announce it by BGP; `target` is the host that the fault is about
    (the holder, unless the fault chooses another).
    `before` is what the fault's evidence was before it was injected.
    `hosts` opens new connections each time: those from before a fault may hang on a host that has lost its power.
    """

    topology: Topology
    holder: Machine
    target: Machine
    hosts: OpenHosts
    before: str = ""

    async def change(self, *argv: str, on: Machine | None = None) -> str:
        """Run a command on the target, or another host; what it printed. Raises HostError when it cannot run or fails."""
        async with self.hosts() as hosts:
            return (await hosts.change(on or self.target, argv)).checked().stdout.strip()

    async def read(self, *argv: str, on: Machine | None = None) -> str:
        """The output of a command that changes nothing on the target, or another host. Raises HostError."""
        async with self.hosts() as hosts:
            return (await hosts.run(on or self.target, argv)).checked().stdout.strip()


async def the_holder(scene: Scene) -> Machine:
    """The usual target. By BGP each one that announces is as good."""
    return scene.holder


Prerequisite = Literal[
    "power",
    "link",
    "two load balancers",
    "two API servers",
    "three API servers",
    "etcd quorum survives",
    "root here",
    "VRRP",
    "BGP",
    "two routers",
]
"""What a fault cannot do without: commands of the spec, rights on this machine, and hosts enough to live through it.

"etcd quorum survives": the load balancer that is lost takes no part of etcd's along without which the rest has no majority.
"VRRP" and "BGP": it breaks what only clusters of that `endpoint.mode` have.
"""


@dataclass(frozen=True)
class Fault:
    """One scenario. Its documentation stands beside its code; `twinkeel drill list` shows it.

    Args:
        does: what is done, to what.
        why: what it stands for in real life.
        heals: how the system gets whole again.
        expect: what a client should see.
        budget_ms: the longest downtime that passes, in milliseconds.
        inject: break it.
        heal: make it whole again, whatever state it is in. Returns what had to be forced, empty when nothing had to be.
        evidence: a reading command whose output on the target differs before and after: proof that the fault happened.
        proof: for a fault that leaves no trace: whether it is in force, asked between `inject` and `heal`.
        choose: the host that it is about.
        prerequisites: what must be there.
        hold: seconds that it stays at least.
        survivable: whether clients should be served again before it is healed.
    """

    id: str
    title: str
    does: str
    why: str
    heals: str
    expect: str
    budget_ms: float
    inject: Callable[[Scene], Awaitable[None]]
    heal: Callable[[Scene], Awaitable[str]]
    evidence: Sequence[str] = ()
    proof: Callable[[Scene], Awaitable[bool]] | None = None
    choose: Callable[[Scene], Awaitable[Machine]] = the_holder
    prerequisites: tuple[Prerequisite, ...] = ()
    hold: float = 0.0
    survivable: bool = True


async def came_back(scene: Scene, deadline: float, unit: str = "haproxy") -> bool:
    """Whether a unit runs on the target anew (another systemd invocation than before) within `deadline` seconds."""
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        try:
            properties = await scene.read("systemctl", "show", "--property=ActiveState,InvocationID", unit)
        except HostError:
            properties = ""
        state = dict(line.split("=", 1) for line in properties.splitlines())
        if state.get("ActiveState") == "active" and state.get("InvocationID") != scene.before:
            return True
        await asyncio.sleep(POLL_EVERY)
    return False


async def addresses_of(scene: Scene, machine: Machine) -> frozenset[IPAddress]:
    """Every address that a host has now. Raises HostError."""
    async with scene.hosts() as hosts:
        return await read_addresses(hosts, machine)


async def cannot_reach(scene: Scene, machine: Machine, other: Machine) -> bool:
    """Whether no SSH port answers a host at another one's address. Raises HostError when it cannot be asked."""
    argv = ("python3", "-c", _CONNECT, str(other.address), str(other.ssh.port))
    async with scene.hosts() as hosts:
        return (await hosts.run(machine, argv)).exit_code != 0


_CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=1).close()"
