"""Keepalived dies, and systemd starts it again."""

from twinkeel.drill.fault import KEEPALIVED_RUN, SELF_HEALING_DEADLINE, Fault, Scene, came_back


async def _inject(scene: Scene) -> None:
    await scene.change("systemctl", "kill", "--signal=KILL", "keepalived")


async def _heal(scene: Scene) -> str:
    if await came_back(scene, SELF_HEALING_DEADLINE, "keepalived"):
        return ""
    await scene.change("systemctl", "restart", "keepalived")
    return f"systemd did not restart Keepalived within {SELF_HEALING_DEADLINE:g} s; the drill did"


FAULT = Fault(
    id="keepalived-kill",
    title="Keepalived killed on the VIP holder",
    does="SIGKILL to every process of keepalived.service on the load balancer that holds the virtual IP.",
    why="A crash. Nobody takes the address away, so it is in two places from the peer's takeover until Keepalived runs again.",
    heals="Restart= of systemd starts it again; if not within 20 s the drill does, and the trial fails.",
    expect="Hardly anything: the address goes on answering in its old place, then in its new one.",
    budget_ms=400,
    evidence=KEEPALIVED_RUN,
    prerequisites=("VRRP", "two load balancers"),
    inject=_inject,
    heal=_heal,
)
