"""HAProxy hangs: it exists and accepts, and never answers."""

from twinkeel.drill.fault import HAPROXY_RUN, SELF_HEALING_DEADLINE, Fault, Scene, came_back


async def _inject(scene: Scene) -> None:
    await scene.change("systemctl", "kill", "--signal=STOP", "haproxy")


async def _heal(scene: Scene) -> str:
    if await came_back(scene, SELF_HEALING_DEADLINE):
        return ""
    # Never SIGCONT: a resumed HAProxy works off what piled up meanwhile, and fails clients a second time.
    await scene.change("systemctl", "kill", "--signal=KILL", "haproxy")
    if not await came_back(scene, SELF_HEALING_DEADLINE):
        await scene.change("systemctl", "restart", "haproxy")
    return f"nothing replaced the hung HAProxy within {SELF_HEALING_DEADLINE:g} s; the drill killed it"


FAULT = Fault(
    id="haproxy-hang",
    title="HAProxy hung on the VIP holder",
    does="SIGSTOP to every process of haproxy.service on the load balancer that holds the virtual IP.",
    why="A deadlock or a stuck disk: the process exists and the port accepts, but nobody answers. Only a real request sees it.",
    heals="The liveness watchdog kills it, Restart= starts it again; if not within 20 s the drill does, and the trial fails.",
    expect="Requests hang until the watchdog's deadline has passed, with second_chance an eighth of it; no second outage "
    "when HAProxy is killed or comes back.",
    budget_ms=3000,
    evidence=HAPROXY_RUN,
    prerequisites=("two load balancers",),
    inject=_inject,
    heal=_heal,
)
