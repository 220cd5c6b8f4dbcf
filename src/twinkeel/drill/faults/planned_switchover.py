"""The virtual IP moves because somebody wants it to."""

from twinkeel.drill.fault import Fault, Scene, addresses_of
from twinkeel.vip.steering import steer


async def _inject(scene: Scene) -> None:
    # With failover.second_chance the holder begins to linger first, as it does in a switchover.
    await scene.change(*steer("standby", standby=True))


async def _proof(scene: Scene) -> bool:
    return scene.topology.endpoint.vip.ip not in await addresses_of(scene, scene.target)


async def _heal(scene: Scene) -> str:
    await scene.change(*steer("standby", standby=False))
    return ""


FAULT = Fault(
    id="planned-switchover",
    title="Planned switchover",
    does="Puts the load balancer that holds the virtual IP on standby, as `twinkeel switchover` and `twinkeel apply` do.",
    why="Maintenance. Keepalived says goodbye with priority 0 while HAProxy goes on serving.",
    heals="Takes the standby back; the virtual IP stays where it went.",
    expect="One request at most is lost.",
    budget_ms=50,
    proof=_proof,
    prerequisites=("two load balancers",),
    inject=_inject,
    heal=_heal,
)
