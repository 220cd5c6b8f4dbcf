"""The holder's processors are busy with something else."""

from twinkeel.drill.fault import Fault, Scene, addresses_of

UNIT = "twinkeel-drill-load"
_LOAD = """
systemctl stop "$1" 2> /dev/null
exec systemd-run --quiet --collect --unit="$1" --property=RuntimeMaxSec=60 \\
  /bin/sh -c 'for one in $$(seq $$(nproc)); do (while :; do :; done) & done; wait'
"""


async def _inject(scene: Scene) -> None:
    await scene.change("sh", "-c", _LOAD, "sh", UNIT)


async def _proof(scene: Scene) -> bool:
    busy = await scene.read("systemctl", "is-active", UNIT) == "active"
    return busy and scene.topology.endpoint.vip.ip in await addresses_of(scene, scene.target)


async def _heal(scene: Scene) -> str:
    await scene.change("systemctl", "stop", UNIT)
    return ""


FAULT = Fault(
    id="cpu-saturation",
    title="Processors of the VIP holder saturated",
    does="A busy loop for every processor on the load balancer that holds the virtual IP, for 5 s.",
    why="A backup, a compression, a runaway process. Advertisements and checks must go out in time.",
    heals="The unit that does it is stopped; it ends by itself after 60 s, too.",
    expect="No failover; some requests are slower.",
    budget_ms=100,
    proof=_proof,
    hold=5,
    inject=_inject,
    heal=_heal,
)
