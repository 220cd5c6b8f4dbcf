"""Two of three control-plane hosts lose their power: etcd has no majority."""

import asyncio

from twinkeel.drill.components import an_api_server
from twinkeel.drill.external_commands import power_off, power_on
from twinkeel.drill.fault import BOOT, Fault, Scene


async def _inject(scene: Scene) -> None:
    await asyncio.gather(*(power_off(scene, machine) for machine in scene.topology.control_plane[-2:]))


async def _heal(scene: Scene) -> str:
    for machine in scene.topology.control_plane[-2:]:
        await power_on(scene, machine)
    return ""


FAULT = Fault(
    id="two-of-three-lost",
    title="Two of three control-plane hosts lost",
    does="The spec's `power.off` command for the last two control-plane hosts.",
    why="More than the system can bear: etcd needs a majority. What counts is that it comes back by itself when a host does.",
    heals="The spec's `power.on` command, one host after the other.",
    expect="No request succeeds until one of the hosts is back.",
    budget_ms=120_000,
    evidence=BOOT,
    choose=an_api_server,
    prerequisites=("power", "three API servers"),
    survivable=False,
    hold=2,
    inject=_inject,
    heal=_heal,
)
