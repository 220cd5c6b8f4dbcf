"""Keeping every processor of a host busy, for a time that ends by itself."""

from twinkeel.drill.fault import Scene
from twinkeel.hosts.executor import Writer
from twinkeel.topology.model import Machine

UNIT = "twinkeel-drill-load"
_START = """
systemctl stop "$1" 2> /dev/null
exec systemd-run --quiet --collect --unit="$1" --property=RuntimeMaxSec="$2" \\
  /bin/sh -c 'for one in $$(seq $$(nproc)); do (while :; do :; done) & done; wait'
"""


async def saturate(hosts: Writer, machine: Machine, seconds: float) -> None:
    """Busy loops, one for each processor, for that long at most. Raises HostError."""
    (await hosts.change(machine, ("sh", "-c", _START, "sh", UNIT, f"{seconds:.0f}"))).checked()


async def relax(hosts: Writer, machine: Machine) -> None:
    """End them; a host without them is fine. Raises HostError."""
    await hosts.change(machine, ("systemctl", "stop", UNIT))


async def is_saturated(scene: Scene, machine: Machine) -> bool:
    """Whether they run. Raises HostError."""
    async with scene.hosts() as hosts:
        return (await hosts.run(machine, ("systemctl", "is-active", UNIT))).stdout.strip() == "active"
