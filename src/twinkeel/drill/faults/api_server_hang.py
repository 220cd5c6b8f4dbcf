"""An API server hangs: it accepts, and never answers."""

from twinkeel.drill.components import API_SERVER_RUN, an_api_server, signal, start
from twinkeel.drill.fault import Fault, Scene


async def _inject(scene: Scene) -> None:
    await signal(scene, "STOP", "kube-apiserver")


async def _heal(scene: Scene) -> str:
    await signal(scene, "KILL", "kube-apiserver")
    await start(scene, "kube-apiserver")
    return ""


FAULT = Fault(
    id="api-server-hang",
    title="An API server hung",
    does="SIGSTOP to kube-apiserver on one control-plane host.",
    why="A deadlock, a stuck disk, a paused virtual machine. TCP checks never see it; a request for /readyz does.",
    heals="The drill kills it; systemd or kubelet starts it again.",
    expect="One new connection in three hangs until HAProxy has taken the server out.",
    budget_ms=1000,
    evidence=API_SERVER_RUN,
    choose=an_api_server,
    hold=5,
    prerequisites=("two API servers",),
    inject=_inject,
    heal=_heal,
)
