"""A router loses its power."""

from twinkeel.drill.external_commands import run_external_command
from twinkeel.drill.fault import Fault, Scene
from twinkeel.drill.frr import SESSIONS


def _router(scene: Scene) -> str:
    """What the spec's power commands get instead of a host's name: the first router's address."""
    return str(scene.topology.bgp.routers[0].address) if scene.topology.bgp else ""


async def _inject(scene: Scene) -> None:
    if scene.topology.power is not None:
        await run_external_command(scene.topology.power.off, _router(scene))


async def _heal(scene: Scene) -> str:
    if scene.topology.power is not None:
        await run_external_command(scene.topology.power.on, _router(scene))
    return ""


FAULT = Fault(
    id="router-power-loss",
    title="Power loss of a router",
    does="The spec's `power.off` command for the first router of `endpoint.bgp.routers`; `{host}` becomes its address.",
    why="A router dies, or is rebooted. Load balancers cannot help: the network must have another way to them.",
    heals="The spec's `power.on` command.",
    expect="Requests fail until the network uses the other router: its own time, and none of this system's.",
    budget_ms=1000,
    evidence=SESSIONS,
    hold=2,
    prerequisites=("BGP", "power", "two routers"),
    inject=_inject,
    heal=_heal,
)
