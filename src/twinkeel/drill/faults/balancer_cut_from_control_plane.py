"""The holder reaches clients and its peer, but no API server."""

from twinkeel.drill import routes
from twinkeel.drill.fault import Fault, Scene, cannot_reach


async def _inject(scene: Scene) -> None:
    await routes.cut_off(scene, scene.target, scene.topology.control_plane)


async def _proof(scene: Scene) -> bool:
    return await cannot_reach(scene, scene.target, scene.topology.control_plane[0])


async def _heal(scene: Scene) -> str:
    await routes.join_again(scene, scene.target, scene.topology.control_plane)
    return ""


FAULT = Fault(
    id="balancer-cut-from-control-plane",
    title="VIP holder cut off from the control plane only",
    does="The load balancer that holds the virtual IP gets wrong hardware addresses for every control-plane host.",
    why="A wrong route or firewall rule. HAProxy runs, and Keepalived sees nothing wrong; only the servers are gone.",
    heals="The wrong addresses go; a timer on the host takes them away after 120 s, too.",
    expect="Requests fail until HAProxy has found every server down and the load balancer has yielded to its peer.",
    budget_ms=8000,
    proof=_proof,
    prerequisites=("two load balancers",),
    inject=_inject,
    heal=_heal,
)
