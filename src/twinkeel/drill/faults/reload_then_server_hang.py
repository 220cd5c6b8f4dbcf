"""HAProxy was reloaded, then an API server hangs: connections of before the reload must not stay with it."""

from twinkeel.drill.components import API_SERVER_RUN, signal, start
from twinkeel.drill.fault import Fault, Scene
from twinkeel.drill.old_connections import left_behind, most_used_api_server, reload_haproxy


async def _inject(scene: Scene) -> None:
    await reload_haproxy(scene)
    await signal(scene, "STOP", "kube-apiserver")


async def _heal(scene: Scene) -> str:
    try:
        return await left_behind(scene)
    finally:
        await signal(scene, "KILL", "kube-apiserver")
        await start(scene, "kube-apiserver")


FAULT = Fault(
    id="reload-then-server-hang",
    title="HAProxy reloaded, then an API server hung",
    does="Reloads HAProxy on the load balancer that holds the virtual IP, then sends SIGSTOP to the kube-apiserver that most of "
    "its connections lead to.",
    why="The old HAProxy process checks no servers: watches and kept connections stay with a server that never answers, long after "
    "the new process has taken it out.",
    heals="The drill kills it; systemd or kubelet starts it again.",
    expect="As api-server-hang for new connections; those of before the reload end soon after the server was taken out, "
    "or the trial fails.",
    budget_ms=1000,
    evidence=API_SERVER_RUN,
    choose=most_used_api_server,
    prerequisites=("two API servers",),
    inject=_inject,
    heal=_heal,
)
