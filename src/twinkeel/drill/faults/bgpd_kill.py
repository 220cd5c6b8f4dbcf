"""A load balancer's BGP daemon dies, and is started again."""

from twinkeel.drill.fault import Fault, Scene
from twinkeel.drill.frr import BGPD_RUN, runs_anew


async def _inject(scene: Scene) -> None:
    await scene.change("pkill", "-KILL", "--exact", "bgpd")


async def _heal(scene: Scene) -> str:
    return await runs_anew(scene)


FAULT = Fault(
    id="bgpd-kill",
    title="BGP daemon killed on a load balancer",
    does="SIGKILL to bgpd on one of the load balancers that announce the virtual IP.",
    why="A crash. The kernel closes its sessions, and routers drop the route at once; HAProxy goes on serving what still comes.",
    heals="FRR's own watchdog (watchfrr) starts it again; if not within 20 s the drill restarts FRR, and the trial fails.",
    expect="Hardly anything for new connections; established ones are spread anew when the route goes, and when it comes back.",
    budget_ms=150,
    evidence=BGPD_RUN,
    prerequisites=("BGP", "two load balancers"),
    inject=_inject,
    heal=_heal,
)
