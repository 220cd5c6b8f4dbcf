"""FRR is stopped in good order on a load balancer."""

from twinkeel.drill.fault import Fault, Scene
from twinkeel.drill.frr import BGPD_RUN


async def _inject(scene: Scene) -> None:
    await scene.change("systemctl", "stop", "frr")


async def _heal(scene: Scene) -> str:
    await scene.change("systemctl", "start", "frr")
    return ""


FAULT = Fault(
    id="frr-stop",
    title="FRR stopped on a load balancer",
    does="`systemctl stop frr` on one of the load balancers that announce the virtual IP.",
    why="A package upgrade, or a person's mistake. It ends its sessions in good order, and routers drop the route at once.",
    heals="`systemctl start frr`.",
    expect="Hardly anything for new connections; established ones are spread anew when the route goes, and when it comes back.",
    budget_ms=150,
    evidence=BGPD_RUN,
    hold=2,
    prerequisites=("BGP", "two load balancers"),
    inject=_inject,
    heal=_heal,
)
