"""Keepalived is stopped in good order."""

from twinkeel.drill.fault import KEEPALIVED_RUN, Fault, Scene


async def _inject(scene: Scene) -> None:
    await scene.change("systemctl", "stop", "keepalived")


async def _heal(scene: Scene) -> str:
    await scene.change("systemctl", "start", "keepalived")
    return ""


FAULT = Fault(
    id="keepalived-stop",
    title="Keepalived stopped on the VIP holder",
    does="`systemctl stop keepalived` on the load balancer that holds the virtual IP.",
    why="A package upgrade, or a person's mistake. It says goodbye with priority 0, so the peer waits for the skew alone.",
    heals="`systemctl start keepalived`.",
    expect="One request at most is lost.",
    budget_ms=100,
    evidence=KEEPALIVED_RUN,
    prerequisites=("VRRP", "two load balancers"),
    inject=_inject,
    heal=_heal,
)
