"""The holder's processors are busy with something else."""

from twinkeel.drill.fault import Fault, Scene, addresses_of
from twinkeel.drill.load import is_saturated, relax, saturate

LONGEST = 60.0


async def _inject(scene: Scene) -> None:
    async with scene.hosts() as hosts:
        await saturate(hosts, scene.target, LONGEST)


async def _proof(scene: Scene) -> bool:
    return await is_saturated(scene, scene.target) and scene.topology.endpoint.vip.ip in await addresses_of(scene, scene.target)


async def _heal(scene: Scene) -> str:
    async with scene.hosts() as hosts:
        await relax(hosts, scene.target)
    return ""


FAULT = Fault(
    id="cpu-saturation",
    title="Processors of the VIP holder saturated",
    does="A busy loop for every processor on the load balancer that holds the virtual IP, for 5 s.",
    why="A backup, a compression, a runaway process. Advertisements and checks must go out in time.",
    heals="The unit that does it is stopped; it ends by itself after 60 s, too.",
    expect="No failover; some requests are slower.",
    budget_ms=100,
    proof=_proof,
    hold=5,
    inject=_inject,
    heal=_heal,
)
