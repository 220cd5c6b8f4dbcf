"""Every fault that a drill can inject, in the order in which `twinkeel drill list` shows them."""

import contextlib

from twinkeel.drill.fault import BOOT, HAPROXY_RUN, Fault, Scene, came_back, switch_power
from twinkeel.errors import HostError, UsageError

# Restart= waits half a second, the watchdog at most a few; a busy machine needs several times that.
SELF_HEALING_DEADLINE = 20.0


async def _reboot(scene: Scene) -> None:
    # The host may end the connection before it answers. That it did reboot is proved by its boot id.
    with contextlib.suppress(HostError):
        await scene.change("systemctl", "reboot")


async def _nothing(scene: Scene) -> str:
    return ""


async def _stop_haproxy(scene: Scene) -> None:
    await scene.change("systemctl", "stop", "haproxy")


async def _start_haproxy(scene: Scene) -> str:
    await scene.change("systemctl", "start", "haproxy")
    return ""


async def _kill_haproxy(scene: Scene) -> None:
    await scene.change("systemctl", "kill", "--signal=KILL", "haproxy")


async def _expect_restart(scene: Scene) -> str:
    if await came_back(scene, SELF_HEALING_DEADLINE):
        return ""
    await scene.change("systemctl", "restart", "haproxy")
    return f"systemd did not restart HAProxy within {SELF_HEALING_DEADLINE:g} s; the drill did"


async def _hang_haproxy(scene: Scene) -> None:
    await scene.change("systemctl", "kill", "--signal=STOP", "haproxy")


async def _expect_replacement(scene: Scene) -> str:
    if await came_back(scene, SELF_HEALING_DEADLINE):
        return ""
    # Never SIGCONT: a resumed HAProxy works off what piled up meanwhile, and fails clients a second time.
    await scene.change("systemctl", "kill", "--signal=KILL", "haproxy")
    if not await came_back(scene, SELF_HEALING_DEADLINE):
        await scene.change("systemctl", "restart", "haproxy")
    return f"nothing replaced the hung HAProxy within {SELF_HEALING_DEADLINE:g} s; the drill killed it"


async def _cut_power(scene: Scene) -> None:
    if scene.topology.power is not None:
        await switch_power(scene.topology.power.off, scene.target.name)


async def _restore_power(scene: Scene) -> str:
    if scene.topology.power is not None:
        await switch_power(scene.topology.power.on, scene.target.name)
    return ""


FAULTS = (
    Fault(
        id="reboot-holder",
        title="Reboot of the VIP holder",
        does="`systemctl reboot` on the load balancer that holds the virtual IP.",
        why="A kernel update. Keepalived stops first and says so to its peer, which takes over after the skew alone.",
        heals="The host comes back by itself and takes the standby's part.",
        budget_ms=50,
        evidence=BOOT,
        inject=_reboot,
        heal=_nothing,
    ),
    Fault(
        id="haproxy-stop",
        title="HAProxy stopped on the VIP holder",
        does="`systemctl stop haproxy` on the load balancer that holds the virtual IP.",
        why="A package upgrade, or a person's mistake. The unit tells Keepalived before HAProxy gets its signal.",
        heals="`systemctl start haproxy`.",
        budget_ms=100,
        evidence=HAPROXY_RUN,
        inject=_stop_haproxy,
        heal=_start_haproxy,
    ),
    Fault(
        id="power-loss",
        title="Power loss of the VIP holder",
        does="The spec's `power.off` command for the load balancer that holds the virtual IP.",
        why="A power supply or a hypervisor dies. Nobody says goodbye: the peer waits for three missing advertisements.",
        heals="The spec's `power.on` command; the host boots and takes the standby's part.",
        budget_ms=350,
        evidence=BOOT,
        inject=_cut_power,
        heal=_restore_power,
        needs_power=True,
    ),
    Fault(
        id="haproxy-kill",
        title="HAProxy killed on the VIP holder",
        does="SIGKILL to every process of haproxy.service on the load balancer that holds the virtual IP.",
        why="A crash, or the kernel's OOM killer. ExecStopPost= tells Keepalived as soon as systemd sees the death.",
        heals="Restart= of systemd starts it again; if not within 20 s the drill does, and the trial fails.",
        budget_ms=100,
        evidence=HAPROXY_RUN,
        inject=_kill_haproxy,
        heal=_expect_restart,
    ),
    Fault(
        id="haproxy-hang",
        title="HAProxy hung on the VIP holder",
        does="SIGSTOP to every process of haproxy.service on the load balancer that holds the virtual IP.",
        why="A deadlock or a stuck disk: the process exists and the port accepts, but nobody answers. Only a real request sees it.",
        heals="The liveness watchdog kills it, Restart= starts it again; if not within 20 s the drill does, and the trial fails.",
        budget_ms=3000,
        evidence=HAPROXY_RUN,
        inject=_hang_haproxy,
        heal=_expect_replacement,
    ),
)

# The two tests that a careful person does by hand, and the one that costs a walk to the rack.
DEFAULT = ("reboot-holder", "haproxy-stop", "power-loss")


def find_fault(name: str) -> Fault:
    """The fault of that id. Raises UsageError that lists those there are."""
    for fault in FAULTS:
        if fault.id == name:
            return fault
    raise UsageError(f"there is no scenario {name!r}", hint=f"one of: {', '.join(fault.id for fault in FAULTS)}")
