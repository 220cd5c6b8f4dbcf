"""Keepalived hangs: the address stays, and nobody speaks for it."""

from twinkeel.drill.fault import KEEPALIVED_RUN, SELF_HEALING_DEADLINE, Fault, Scene, came_back


async def _inject(scene: Scene) -> None:
    await scene.change("systemctl", "kill", "--signal=STOP", "keepalived")


async def _heal(scene: Scene) -> str:
    # Killed, never resumed: one that wakes up believes for a moment that it still holds the virtual IP.
    await scene.change("systemctl", "kill", "--signal=KILL", "keepalived")
    if not await came_back(scene, SELF_HEALING_DEADLINE, "keepalived"):
        await scene.change("systemctl", "restart", "keepalived")
        return f"systemd did not restart Keepalived within {SELF_HEALING_DEADLINE:g} s; the drill did"
    return ""


FAULT = Fault(
    id="keepalived-hang",
    title="Keepalived hung on the VIP holder",
    does="SIGSTOP to every process of keepalived.service on the load balancer that holds the virtual IP.",
    why="A stuck disk or a debugger. The peer takes over, but the old holder keeps the address: it is in two places.",
    heals="The drill kills it; Restart= of systemd starts it again.",
    expect="Hardly anything, as both places answer; the newer announcement wins.",
    budget_ms=1000,
    evidence=KEEPALIVED_RUN,
    hold=3,
    prerequisites=("VRRP", "two load balancers"),
    inject=_inject,
    heal=_heal,
)
