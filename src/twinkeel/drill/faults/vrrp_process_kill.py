"""Keepalived's VRRP process dies, and its parent lives."""

import asyncio
import time

from twinkeel.drill.fault import POLL_EVERY, SELF_HEALING_DEADLINE, Fault, Scene
from twinkeel.errors import HostError

# The children of the unit's main process: the VRRP process, and the checker of virtual servers where there are any.
_CHILDREN = """
main=$(systemctl show --property=MainPID --value keepalived)
children=$(cat "/proc/$main/task/$main/children") && [ -n "$children" ] || exit 1
"""
RUN = ("sh", "-c", f"{_CHILDREN} echo $children")
_KILL = ("sh", "-c", f"{_CHILDREN} kill -KILL $children")


async def _inject(scene: Scene) -> None:
    await scene.change(*_KILL)


async def _heal(scene: Scene) -> str:
    if await _runs_anew(scene):
        return ""
    await scene.change("systemctl", "restart", "keepalived")
    return f"no new VRRP process ran within {SELF_HEALING_DEADLINE:g} s; the drill restarted Keepalived"


async def _runs_anew(scene: Scene) -> bool:
    """Whether systemd, or a parent that goes on, has started another one in time."""
    end = time.monotonic() + SELF_HEALING_DEADLINE
    while time.monotonic() < end:
        try:
            if await scene.read(*RUN) not in ("", scene.before):
                return True
        except HostError:
            pass  # Nothing runs just now.
        await asyncio.sleep(POLL_EVERY)
    return False


FAULT = Fault(
    id="vrrp-process-kill",
    title="Keepalived's VRRP process killed on the VIP holder",
    does="SIGKILL to the children of Keepalived's main process on the load balancer that holds the virtual IP.",
    why="The kernel ends one that used its real-time limit up, or when memory ran out. A parent that starts it again at once "
    "takes the address away before another has it.",
    heals="The parent ends with it, and Restart= of systemd starts both; if not within 20 s the drill does, and the trial fails.",
    expect="Hardly anything: the address stays and answers until another load balancer has it.",
    budget_ms=400,
    evidence=RUN,
    prerequisites=("VRRP", "two load balancers"),
    inject=_inject,
    heal=_heal,
)
