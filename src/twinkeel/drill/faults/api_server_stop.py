"""An API server is stopped in good order."""

from twinkeel.drill.components import API_SERVER_RUN, an_api_server, start, stop
from twinkeel.drill.fault import Fault, Scene


async def _inject(scene: Scene) -> None:
    await stop(scene, "kube-apiserver")


async def _heal(scene: Scene) -> str:
    await start(scene, "kube-apiserver")
    return ""


FAULT = Fault(
    id="api-server-stop",
    title="An API server stopped",
    does="Stops kube-apiserver on one control-plane host (its unit, or its static pod's manifest).",
    why="Maintenance. /readyz fails first, so HAProxy drains it while it still serves.",
    heals="Starts it again.",
    expect="None is lost that is tried once more.",
    budget_ms=300,
    evidence=API_SERVER_RUN,
    choose=an_api_server,
    hold=3,
    prerequisites=("two API servers",),
    inject=_inject,
    heal=_heal,
)
