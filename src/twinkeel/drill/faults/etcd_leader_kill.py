"""etcd's leader dies."""

from twinkeel.drill.components import ETCD_RUN, leads_etcd, signal, start
from twinkeel.drill.fault import Fault, Scene
from twinkeel.errors import VerificationError
from twinkeel.topology.model import Machine


async def _choose(scene: Scene) -> Machine:
    for machine in scene.topology.control_plane:
        if await leads_etcd(scene, machine):
            return machine
    raise VerificationError("no etcd member on a control-plane host is the leader", hint="separate etcd hosts are not drilled yet")


async def _inject(scene: Scene) -> None:
    await signal(scene, "KILL", "etcd")


async def _heal(scene: Scene) -> str:
    await start(scene, "etcd")
    return ""


FAULT = Fault(
    id="etcd-leader-kill",
    title="etcd's leader killed",
    does="SIGKILL to the etcd member that leads.",
    why="A crash of the store. The others elect a leader within a second or two; until then API servers are not ready.",
    heals="systemd or kubelet starts it again.",
    expect="Requests fail until a new leader is elected.",
    budget_ms=5000,
    evidence=ETCD_RUN,
    choose=_choose,
    prerequisites=("three API servers",),
    inject=_inject,
    heal=_heal,
)
