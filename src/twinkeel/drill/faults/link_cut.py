"""The holder's network cable is pulled."""

from twinkeel.drill.external_commands import link_down, link_up
from twinkeel.drill.fault import Fault, Scene


async def _inject(scene: Scene) -> None:
    await link_down(scene, scene.target)


async def _heal(scene: Scene) -> str:
    await link_up(scene, scene.target)
    return ""


FAULT = Fault(
    id="link-cut",
    title="Network cut of the VIP holder",
    does="The spec's `link.cut` command for the load balancer that holds the virtual IP.",
    why="A pulled cable or a dead switch port. Keepalived sees its interface go down, but cannot tell anybody.",
    heals="The spec's `link.restore` command.",
    expect="Requests fail for three advertisement intervals; none fail when the link comes back.",
    budget_ms=300,
    prerequisites=("link", "two load balancers", "etcd quorum survives"),
    hold=2,
    evidence=("sh", "-c", "cat /sys/class/net/*/carrier_changes"),
    inject=_inject,
    heal=_heal,
)
