"""HAProxy is stopped in good order."""

from twinkeel.drill.fault import HAPROXY_RUN, Fault, Scene


async def _inject(scene: Scene) -> None:
    await scene.change("systemctl", "stop", "haproxy")


async def _heal(scene: Scene) -> str:
    await scene.change("systemctl", "start", "haproxy")
    return ""


FAULT = Fault(
    id="haproxy-stop",
    title="HAProxy stopped on the VIP holder",
    does="`systemctl stop haproxy` on the load balancer that holds the virtual IP.",
    why="A package upgrade, or a person's mistake. The unit tells Keepalived before HAProxy gets its signal.",
    heals="`systemctl start haproxy`.",
    expect="One request at most is lost.",
    budget_ms=100,
    evidence=HAPROXY_RUN,
    prerequisites=("two load balancers",),
    inject=_inject,
    heal=_heal,
)
