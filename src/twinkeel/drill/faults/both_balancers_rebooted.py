"""Both load balancers reboot, one after the other."""

import asyncio
import contextlib
import time

from twinkeel.drill.fault import BOOT, POLL_EVERY, Fault, Scene, addresses_of
from twinkeel.errors import HostError
from twinkeel.topology.model import Machine
from twinkeel.vip.choose_backend import vip_backend

BOOT_DEADLINE = 300.0


async def _inject(scene: Scene) -> None:
    others = [item.machine for item in scene.topology.load_balancers if item.machine.name != scene.holder.name]
    for machine in (scene.holder, *others):
        await _reboot(scene, machine)


async def _reboot(scene: Scene, machine: Machine) -> None:
    """Reboot a host and wait until it could take the virtual IP again."""
    before = await scene.read(*BOOT, on=machine)
    with contextlib.suppress(HostError):
        await scene.change("systemctl", "reboot", on=machine)
    end = time.monotonic() + BOOT_DEADLINE
    while time.monotonic() < end:
        with contextlib.suppress(HostError):
            if await scene.read(*BOOT, on=machine) != before:
                await scene.read("systemctl", "is-active", "haproxy", vip_backend(scene.topology).unit, on=machine)
                await _wait_until_it_announces(scene, machine, end)
                return
        await asyncio.sleep(POLL_EVERY)
    raise HostError(f"it did not come back within {BOOT_DEADLINE:g} s", where=machine.name, hint="look at its console")


async def _wait_until_it_announces(scene: Scene, machine: Machine, end: float) -> None:
    """With BGP it must be well for some time first: until then its part is not done."""
    vip = scene.topology.endpoint.vip.ip
    while scene.topology.bgp is not None and vip not in await addresses_of(scene, machine):
        if time.monotonic() > end:
            raise HostError("it does not announce the virtual IP again", where=machine.name, hint="see `endpoint.bgp.return_delay`")
        await asyncio.sleep(POLL_EVERY)


async def _heal(scene: Scene) -> str:
    return ""


FAULT = Fault(
    id="both-balancers-rebooted",
    title="Both load balancers rebooted, one after the other",
    does="`systemctl reboot` on the load balancer that holds the virtual IP; when it is back, on the other ones.",
    why="Updates of the whole pair. The one that came back first must really be able to serve.",
    heals="The hosts come back by themselves.",
    expect="One request at most is lost at each move.",
    budget_ms=50,
    evidence=BOOT,
    prerequisites=("two load balancers", "etcd quorum survives"),
    inject=_inject,
    heal=_heal,
)
