"""What a fault is, and what it may do it with."""

import asyncio
import shlex
import time
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from twinkeel.errors import HostError, ToolError
from twinkeel.hosts.executor import Writer
from twinkeel.topology.model import Machine, Topology

OpenHosts = Callable[[], AbstractAsyncContextManager[Writer]]
POWER_DEADLINE = 120.0
POLL_EVERY = 0.2

BOOT = ("cat", "/proc/sys/kernel/random/boot_id")
HAPROXY_RUN = ("systemctl", "show", "--property=InvocationID", "--value", "haproxy")


@dataclass(frozen=True)
class Scene:
    """Where a fault happens: one load balancer (`target`) of a system, and how hosts are reached.

    `before` is what the fault's evidence was before it was injected.
    `hosts` opens new connections each time: those from before a fault may hang on a host that has lost its power.
    """

    topology: Topology
    target: Machine
    hosts: OpenHosts
    before: str = ""

    async def change(self, *argv: str) -> None:
        """Run a command on the target. Raises HostError when it cannot run or fails."""
        async with self.hosts() as hosts:
            (await hosts.change(self.target, argv)).checked()

    async def read(self, *argv: str) -> str:
        """The output of a command that changes nothing on the target. Raises HostError."""
        async with self.hosts() as hosts:
            return (await hosts.run(self.target, argv)).checked().stdout.strip()


@dataclass(frozen=True)
class Fault:
    """One scenario. Its documentation stands beside its code; `twinkeel drill list` shows it.

    Args:
        does: what is done, to what.
        why: what it stands for in real life.
        heals: how the system gets whole again.
        budget_ms: the longest downtime that passes, in milliseconds.
        evidence: a reading command whose output on the target differs before and after: proof that the fault happened.
        inject: break it.
        heal: make it whole again, whatever state it is in. Returns what had to be forced, empty when nothing had to be.
        needs_power: whether the spec must say how to cut and restore a host's power.
    """

    id: str
    title: str
    does: str
    why: str
    heals: str
    budget_ms: float
    evidence: Sequence[str]
    inject: Callable[[Scene], Awaitable[None]]
    heal: Callable[[Scene], Awaitable[str]]
    needs_power: bool = False


async def switch_power(command: str, host: str) -> None:
    """Run a power command of the spec, without a shell; `{host}` becomes the host's short name.

    It has a session of its own and is waited for even when the drill is interrupted: a host may not be left half on.

    Raises:
        ToolError: the program is missing, fails, or does not end within two minutes.
    """
    argv = [part.replace("{host}", host) for part in shlex.split(command)]
    where, hint = shlex.join(argv), "try the command by hand; it comes from `power` in the spec"
    try:
        process = await asyncio.create_subprocess_exec(*argv, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, start_new_session=True)
    except OSError as error:
        raise ToolError(f"a power command cannot be run: {error.strerror}", where=where, hint=hint) from error
    talk = asyncio.create_task(process.communicate())
    try:
        output, _ = await asyncio.wait_for(asyncio.shield(talk), POWER_DEADLINE)
    except asyncio.CancelledError:
        await asyncio.wait((talk,), timeout=POWER_DEADLINE)
        raise
    except TimeoutError:
        process.kill()
        await talk
        raise ToolError(f"a power command did not end within {POWER_DEADLINE:g} s", where=where, hint=hint) from None
    if process.returncode != 0:
        said = output.decode(errors="replace").strip().splitlines()
        reason = f": {said[-1]}" if said else ""
        raise ToolError(f"a power command ended with {process.returncode}{reason}", where=where, hint=hint)


async def came_back(scene: Scene, deadline: float) -> bool:
    """Whether HAProxy runs on the target anew (another systemd invocation than before) within `deadline` seconds."""
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        try:
            shown = await scene.read("systemctl", "show", "--property=ActiveState,InvocationID", "haproxy")
        except HostError:
            shown = ""
        state = dict(line.split("=", 1) for line in shown.splitlines())
        if state.get("ActiveState") == "active" and state.get("InvocationID") != scene.before:
            return True
        await asyncio.sleep(POLL_EVERY)
    return False
