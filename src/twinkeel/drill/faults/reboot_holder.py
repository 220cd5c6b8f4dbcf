"""The holder reboots in good order."""

import contextlib

from twinkeel.drill.fault import BOOT, Fault, Scene
from twinkeel.errors import HostError


async def _inject(scene: Scene) -> None:
    # The host may end the connection before it answers. That it did reboot is proved by its boot id.
    with contextlib.suppress(HostError):
        await scene.change("systemctl", "reboot")


async def _heal(scene: Scene) -> str:
    return ""


FAULT = Fault(
    id="reboot-holder",
    title="Reboot of the VIP holder",
    does="`systemctl reboot` on the load balancer that holds the virtual IP.",
    why="A kernel update. Keepalived stops first and says so to its peer, which takes over after the skew alone.",
    heals="The host comes back by itself and takes the standby's part.",
    expect="One request at most is lost.",
    budget_ms=50,
    evidence=BOOT,
    prerequisites=("two load balancers", "etcd quorum survives"),
    inject=_inject,
    heal=_heal,
)
