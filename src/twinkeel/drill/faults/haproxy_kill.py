"""HAProxy dies, and systemd starts it again."""

from twinkeel.drill.fault import HAPROXY_RUN, SELF_HEALING_DEADLINE, Fault, Scene, came_back


async def _inject(scene: Scene) -> None:
    await scene.change("systemctl", "kill", "--signal=KILL", "haproxy")


async def _heal(scene: Scene) -> str:
    if await came_back(scene, SELF_HEALING_DEADLINE):
        return ""
    await scene.change("systemctl", "restart", "haproxy")
    return f"systemd did not restart HAProxy within {SELF_HEALING_DEADLINE:g} s; the drill did"


FAULT = Fault(
    id="haproxy-kill",
    title="HAProxy killed on the VIP holder",
    does="SIGKILL to every process of haproxy.service on the load balancer that holds the virtual IP.",
    why="A crash, or the kernel's OOM killer. ExecStopPost= tells Keepalived as soon as systemd sees the death.",
    heals="Restart= of systemd starts it again; if not within 20 s the drill does, and the trial fails.",
    expect="A few requests are refused until the virtual IP has moved.",
    budget_ms=100,
    evidence=HAPROXY_RUN,
    prerequisites=("two load balancers",),
    inject=_inject,
    heal=_heal,
)
