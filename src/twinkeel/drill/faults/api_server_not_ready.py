"""An API server serves and says that it is not ready: it has lost etcd."""

from twinkeel.drill import routes
from twinkeel.drill.components import ETCD_RUN, an_api_server, signal, start
from twinkeel.drill.fault import Fault, Scene


async def _inject(scene: Scene) -> None:
    await routes.cut_off(scene, scene.target, scene.topology.etcd)
    await signal(scene, "STOP", "etcd")


async def _heal(scene: Scene) -> str:
    await routes.join_again(scene, scene.target, scene.topology.etcd)
    await signal(scene, "KILL", "etcd")
    await start(scene, "etcd")
    return ""


FAULT = Fault(
    id="api-server-not-ready",
    title="An API server not ready",
    does="Stops etcd's process (SIGSTOP) on one control-plane host and cuts that host off from the other members.",
    why="An API server without its store: the port answers, TLS is good, and /readyz says no. Only a check of /readyz sees it.",
    heals="The wrong addresses go; etcd is killed and starts again.",
    expect="One new connection in three gets an error until HAProxy has taken the server out.",
    budget_ms=1000,
    evidence=ETCD_RUN,
    choose=an_api_server,
    prerequisites=("three API servers",),
    hold=5,
    inject=_inject,
    heal=_heal,
)
