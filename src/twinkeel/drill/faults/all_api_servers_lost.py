"""Every API server is killed, and comes back."""

import asyncio

from twinkeel.drill.components import API_SERVER_RUN, an_api_server, start, stop
from twinkeel.drill.fault import Fault, Scene


async def _inject(scene: Scene) -> None:
    await asyncio.gather(*(stop(scene, "kube-apiserver", machine) for machine in scene.topology.control_plane))


async def _heal(scene: Scene) -> str:
    await asyncio.gather(*(start(scene, "kube-apiserver", machine) for machine in scene.topology.control_plane))
    return ""


FAULT = Fault(
    id="all-api-servers-lost",
    title="All API servers lost, and back",
    does="Stops kube-apiserver on every control-plane host, and starts all again.",
    why="A bad flag that was rolled out everywhere. The virtual IP must stay, and the servers be found again.",
    heals="Starts kube-apiserver on every control-plane host.",
    expect="No request succeeds until an API server is back and has passed its checks.",
    budget_ms=60_000,
    evidence=API_SERVER_RUN,
    choose=an_api_server,
    survivable=False,
    hold=2,
    inject=_inject,
    heal=_heal,
)
