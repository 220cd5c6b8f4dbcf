"""An API server dies, and is started again."""

from twinkeel.drill.components import API_SERVER_RUN, an_api_server, signal, start
from twinkeel.drill.fault import Fault, Scene


async def _inject(scene: Scene) -> None:
    await signal(scene, "KILL", "kube-apiserver")


async def _heal(scene: Scene) -> str:
    await start(scene, "kube-apiserver")
    return ""


FAULT = Fault(
    id="api-server-kill",
    title="An API server killed",
    does="SIGKILL to kube-apiserver on one control-plane host.",
    why="A crash, or the kernel's OOM killer. A connection that is refused goes to another server at once.",
    heals="systemd or kubelet starts it again.",
    # Killed processes of 100, 300 and 600 MB took connections for 8, 25 and 48 ms more (docs/benchmarks.md).
    expect="Its port takes connections until the kernel has freed its memory, and resets them: up to 0.1 s. Then none is lost.",
    budget_ms=150,
    evidence=API_SERVER_RUN,
    choose=an_api_server,
    prerequisites=("two API servers",),
    inject=_inject,
    heal=_heal,
)
