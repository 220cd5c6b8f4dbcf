"""HAProxy dies and cannot be started again."""

from twinkeel.drill.fault import HAPROXY_RUN, Fault, Scene


async def _inject(scene: Scene) -> None:
    # A masked unit cannot be started: Restart= tries in vain. The mask is below /run, so a reboot takes it away, too.
    await scene.change("systemctl", "mask", "--runtime", "haproxy")
    await scene.change("systemctl", "kill", "--signal=KILL", "haproxy")


async def _heal(scene: Scene) -> str:
    await scene.change("systemctl", "unmask", "--runtime", "haproxy")
    await scene.change("systemctl", "restart", "haproxy")
    return ""


FAULT = Fault(
    id="haproxy-dead",
    title="HAProxy killed on the VIP holder, and kept dead",
    does="Masks haproxy.service and sends SIGKILL to its processes on the load balancer that holds the virtual IP.",
    why="A broken package or a full disk: systemd starts it again and again, in vain. The virtual IP must stay away.",
    heals="Unmasks and starts the unit.",
    expect="A few requests are refused until the virtual IP has moved; it stays where it went.",
    budget_ms=100,
    evidence=HAPROXY_RUN,
    hold=3,
    prerequisites=("two load balancers",),
    inject=_inject,
    heal=_heal,
)
