"""The load balancers do not hear each other, and clients reach both: split brain."""

import asyncio

from twinkeel.drill import routes
from twinkeel.drill.fault import Fault, Scene, addresses_of
from twinkeel.topology.model import Machine


def _machines(scene: Scene) -> list[Machine]:
    return [balancer.machine for balancer in scene.topology.load_balancers]


async def _inject(scene: Scene) -> None:
    machines = _machines(scene)
    await asyncio.gather(*(routes.cut_off(scene, machine, machines) for machine in machines))


async def _proof(scene: Scene) -> bool:
    vip = scene.topology.endpoint.vip.ip
    found = await asyncio.gather(*(addresses_of(scene, machine) for machine in _machines(scene)))
    return sum(vip in addresses for addresses in found) > 1


async def _heal(scene: Scene) -> str:
    machines = _machines(scene)
    await asyncio.gather(*(routes.join_again(scene, machine, machines) for machine in machines))
    return ""


FAULT = Fault(
    id="balancers-partitioned",
    title="Load balancers cut off from each other, not from clients",
    does="Every load balancer gets a wrong hardware address for every other one; everything else goes on.",
    why="A wrong firewall rule for protocol 112. Two machines cannot know which of them is cut off: both take the virtual IP.",
    heals="The wrong addresses go; a timer on the hosts takes them away after 120 s, too.",
    expect="Both serve, so requests go on; when the split heals, the lower priority yields at the next advertisement.",
    budget_ms=300,
    proof=_proof,
    prerequisites=("VRRP", "two load balancers"),
    hold=3,
    inject=_inject,
    heal=_heal,
)
