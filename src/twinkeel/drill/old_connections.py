"""Connections that HAProxy kept over a reload: who has most of them, and whether they end with their server."""

import asyncio
import json
import time
from collections.abc import Mapping
from importlib.resources import files

from twinkeel.drill.fault import POLL_EVERY, Scene
from twinkeel.errors import VerificationError
from twinkeel.status.backends import SOCKET
from twinkeel.support.url_host import url_host
from twinkeel.topology.model import Machine, Topology

PROGRAM = files("twinkeel.drill.programs").joinpath("old_connections.py").read_text(encoding="utf-8")
RELOADED_DEADLINE = 10.0
# The slowest profile marks a silent server down after some seven seconds; then the load balancers have five.
END_DEADLINE = 12.0


async def most_used_api_server(scene: Scene) -> Machine:
    """The control-plane host to which the holder's HAProxy has most connections.

    Raises:
        HostError: it cannot be asked.
        VerificationError: nobody has a connection, so there is nothing to see.
    """
    counts = await _counts(scene)
    machine = max(scene.topology.control_plane, key=lambda each: counts[_place(scene.topology, each)][0])
    if not counts[_place(scene.topology, machine)][0]:
        hint = "run it where kubelets or other clients keep connections through the virtual IP"
        raise VerificationError("HAProxy has no connection to keep over a reload", where=scene.holder.name, hint=hint)
    return machine


async def reload_haproxy(scene: Scene) -> None:
    """Reload HAProxy on the holder, and wait until an old process has connections to the target.

    Raises:
        HostError: it cannot be told to, or be asked.
        VerificationError: there is no old process with one.
    """
    await scene.change("systemctl", "reload", "haproxy", on=scene.holder)
    end = time.monotonic() + RELOADED_DEADLINE
    while not await old_connections(scene):
        if time.monotonic() > end:
            hint = "the connections that were there before the reload have ended: try again"
            raise VerificationError(f"no connection to {scene.target.name} outlived the reload", where=scene.holder.name, hint=hint)
        await asyncio.sleep(POLL_EVERY)


async def left_behind(scene: Scene) -> str:
    """Empty once no old process has a connection to the target; else, after some seconds, what to say of them. Raises HostError."""
    end = time.monotonic() + END_DEADLINE
    while left := await old_connections(scene):
        if time.monotonic() > end:
            return f"{left} connections from before the reload stayed with {scene.target.name}, which does not answer"
        await asyncio.sleep(POLL_EVERY)
    return ""


async def old_connections(scene: Scene) -> int:
    """How many connections to the target the holder's old HAProxy processes have. Raises HostError."""
    return (await _counts(scene))[_place(scene.topology, scene.target)][1]


async def _counts(scene: Scene) -> Mapping[str, tuple[int, int]]:
    places = [_place(scene.topology, each) for each in scene.topology.control_plane]
    return dict(json.loads(await scene.read("python3", "-c", PROGRAM, SOCKET, *places, on=scene.holder)))


def _place(topology: Topology, machine: Machine) -> str:
    """As ss writes it."""
    return f"{url_host(machine.address)}:{topology.cluster.api_port}"
