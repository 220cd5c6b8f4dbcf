"""A control-plane host loses its power."""

from twinkeel.drill.components import an_api_server
from twinkeel.drill.fault import BOOT, Fault, Scene
from twinkeel.drill.switches import cut_power, restore_power


async def _inject(scene: Scene) -> None:
    await cut_power(scene, scene.target)


async def _heal(scene: Scene) -> str:
    await restore_power(scene, scene.target)
    return ""


FAULT = Fault(
    id="control-plane-power-loss",
    title="Power loss of a control-plane host",
    does="The spec's `power.off` command for one control-plane host.",
    why="A power supply or a hypervisor dies. Connections to it are not refused, they time out.",
    heals="The spec's `power.on` command.",
    # etcd's client asks the members in turn: measured in docs/decisions/0021-own-etcd-member.md.
    expect="One new connection in three is slow until HAProxy has taken the server out; where API servers ask every etcd member, "
    "until they give the dead one up after some ten seconds. None is served while etcd elects a leader.",
    budget_ms=3000,
    evidence=BOOT,
    choose=an_api_server,
    needs=("power", "three API servers"),
    hold=4,
    inject=_inject,
    heal=_heal,
)
