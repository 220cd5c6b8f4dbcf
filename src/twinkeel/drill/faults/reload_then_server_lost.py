"""HAProxy was reloaded, then a control-plane host loses its power: connections of before the reload must not stay with it."""

from twinkeel.drill.external_commands import power_off, power_on
from twinkeel.drill.fault import BOOT, Fault, Scene
from twinkeel.drill.old_connections import left_behind, most_used_api_server, reload_haproxy


async def _inject(scene: Scene) -> None:
    await reload_haproxy(scene)
    await power_off(scene, scene.target)


async def _heal(scene: Scene) -> str:
    try:
        return await left_behind(scene)
    finally:
        await power_on(scene, scene.target)


FAULT = Fault(
    id="reload-then-server-lost",
    title="HAProxy reloaded, then power loss of a control-plane host",
    does="Reloads HAProxy on the load balancer that holds the virtual IP, then runs the spec's `power.off` command for the "
    "control-plane host that most of its connections lead to.",
    why="The old HAProxy process checks no servers: a watch that waits for something to happen stays with a host that is gone.",
    heals="The spec's `power.on` command.",
    expect="As control-plane-power-loss for new connections; those of before the reload end within seconds, or the trial fails.",
    budget_ms=3000,
    evidence=BOOT,
    choose=most_used_api_server,
    prerequisites=("power", "three API servers"),
    hold=4,
    inject=_inject,
    heal=_heal,
)
