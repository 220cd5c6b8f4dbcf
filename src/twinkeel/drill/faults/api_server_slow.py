"""An API server answers, but slowly."""

from twinkeel.drill.components import an_api_server
from twinkeel.drill.fault import Fault, Scene

UNIT = "twinkeel-drill-slow"
# Stopped for 150 ms of every 200 ms. The unit ends by itself, and lets the process run when it ends, whatever ends it.
_SLOW = """
systemctl stop "$1" 2> /dev/null
exec systemd-run --quiet --collect --unit="$1" --property=RuntimeMaxSec=60 \\
  --property=ExecStopPost='/bin/sh -c "kill -CONT $$(pidof kube-apiserver)"' \\
  /bin/sh -c 'while :; do kill -STOP $$(pidof kube-apiserver); sleep 0.15; kill -CONT $$(pidof kube-apiserver); sleep 0.05; done'
"""


async def _inject(scene: Scene) -> None:
    await scene.change("sh", "-c", _SLOW, "sh", UNIT)


async def _proof(scene: Scene) -> bool:
    return await scene.read("systemctl", "is-active", UNIT) == "active"


async def _heal(scene: Scene) -> str:
    await scene.change("sh", "-c", 'systemctl stop "$1"; kill -CONT $(pidof kube-apiserver)', "sh", UNIT)
    return ""


FAULT = Fault(
    id="api-server-slow",
    title="A slow API server",
    does="SIGSTOP and SIGCONT to kube-apiserver on one control-plane host in turn, so that it runs a quarter of the time.",
    why="An overloaded host. A server that is only slow must not be taken away: the others would become slow, too.",
    heals="The unit that does it is stopped; it ends by itself after 60 s, too.",
    expect="Some requests are slow; none fail.",
    budget_ms=500,
    proof=_proof,
    choose=an_api_server,
    hold=5,
    prerequisites=("two API servers",),
    inject=_inject,
    heal=_heal,
)
