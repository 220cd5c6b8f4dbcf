"""A stranger on the segment claims the virtual IP."""

import asyncio
import contextlib
from importlib.resources import files

from twinkeel.drill import rogue_vrrp_router
from twinkeel.drill.fault import Fault, Scene, addresses_of
from twinkeel.errors import UsageError, VerificationError

SECONDS = 3.0
WAIT = 1.0
SEE_ADVERTISEMENT = (files("twinkeel.drill") / "programs" / "see_advertisement.py").read_text(encoding="utf-8")


async def _inject(scene: Scene) -> None:
    instance = scene.topology.load_balancers[0].instances[0]
    if instance.vip.version != 4:
        hint = "name an IPv4 virtual IP with --vip, or leave this scenario out"
        raise UsageError("a rogue VRRP router is played for IPv4 virtual IPs only", where=str(instance.vip.ip), hint=hint)
    targets = [str(balancer.machine.address) for balancer in scene.topology.load_balancers]
    async with scene.hosts() as hosts:
        argv = ("python3", "-c", SEE_ADVERTISEMENT, rogue_vrrp_router.own_address(str(scene.holder.address)), f"{SECONDS + WAIT:g}")
        lines = hosts.stream(scene.holder, argv)
        async with contextlib.aclosing(lines):
            await anext(lines)
            await asyncio.to_thread(rogue_vrrp_router.claim, instance.vrid, str(instance.vip.ip), targets, SECONDS)
            arrived = (await anext(lines)).strip() == "seen"
    if not arrived:
        hint = "something on the way drops protocol 112: run the drill on the load balancers' own segment"
        what = "the rogue router's advertisements never arrived, which proves nothing"
        raise VerificationError(what, where=scene.holder.name, hint=hint)


async def _proof(scene: Scene) -> bool:
    return scene.topology.endpoint.vip.ip in await addresses_of(scene, scene.holder)


async def _heal(scene: Scene) -> str:
    return ""


FAULT = Fault(
    id="vrrp-stranger",
    title="A rogue VRRP router with priority 255",
    does=f"Advertises priority 255 from this machine for {SECONDS:g} s, to the multicast group and to each load balancer.",
    why="Somebody else's router with the same ID, or an attacker: VRRP version 3 has no authentication.",
    heals="It ends by itself.",
    expect="Nothing: advertisements that do not come from a peer are not heard.",
    budget_ms=50,
    proof=_proof,
    prerequisites=("VRRP", "root here"),
    inject=_inject,
    heal=_heal,
)
