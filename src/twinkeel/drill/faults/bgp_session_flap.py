"""A load balancer's BGP sessions are reset again and again."""

import asyncio

from twinkeel.drill.fault import Fault, Scene
from twinkeel.drill.frr import SESSIONS, wait_for_sessions

TIMES = 5
PAUSE_SECONDS = 2.0


async def _inject(scene: Scene) -> None:
    for _ in range(TIMES):
        await scene.change("vtysh", "-c", "clear bgp *")
        await asyncio.sleep(PAUSE_SECONDS)


async def _heal(scene: Scene) -> str:
    return await wait_for_sessions(scene)


FAULT = Fault(
    id="bgp-session-flap",
    title="Flapping BGP sessions of a load balancer",
    does=f"Resets every BGP session of one load balancer {TIMES} times, {PAUSE_SECONDS:g} s apart.",
    why="A router under load, a policy that is changed back and forth. Each loss and each return spreads connections anew.",
    heals="The sessions come back by themselves; if not within 20 s the drill restarts FRR, and the trial fails.",
    expect="No new connection is lost: the load balancer serves also what comes without a route of its own.",
    budget_ms=150,
    evidence=SESSIONS,
    prerequisites=("BGP", "two load balancers"),
    inject=_inject,
    heal=_heal,
)
