"""The holder's link goes down and up and down again."""

import asyncio

from twinkeel.drill.external_commands import link_down, link_up
from twinkeel.drill.fault import Fault, Scene

TIMES = 5
DOWN_SECONDS = 0.5
UP_SECONDS = 1.0


async def _inject(scene: Scene) -> None:
    for _ in range(TIMES):
        await link_down(scene, scene.target)
        await asyncio.sleep(DOWN_SECONDS)
        await link_up(scene, scene.target)
        await asyncio.sleep(UP_SECONDS)


async def _heal(scene: Scene) -> str:
    await link_up(scene, scene.target)
    return ""


FAULT = Fault(
    id="link-flap",
    title="Flapping link of the VIP holder",
    does=f"Cuts the link of the load balancer that holds the virtual IP for {DOWN_SECONDS:g} s, {TIMES} times.",
    why="A bad cable or transceiver. A virtual IP that came back with every flap would be lost with every flap.",
    heals="The spec's `link.restore` command.",
    expect="One failover, at the first cut; the others move nothing.",
    budget_ms=300,
    prerequisites=("link", "two load balancers", "etcd quorum survives"),
    evidence=("sh", "-c", "cat /sys/class/net/*/carrier_changes"),
    inject=_inject,
    heal=_heal,
)
