"""FRR on a load balancer, as faults break it and prove that they did."""

import asyncio
import time

from twinkeel.drill.fault import POLL_EVERY, SELF_HEALING_DEADLINE, Scene
from twinkeel.errors import HostError
from twinkeel.hosts.executor import Reader
from twinkeel.topology.model import Machine

BGPD_RUN = ("pidof", "bgpd")

# How often each session was lost since bgpd began to run, and which bgpd that is.
SESSIONS = ("sh", "-c", """pidof bgpd; vtysh -c 'show bgp neighbors json' | grep -o '"connectionsDropped":[0-9]*'""")
_LOST = ("sh", "-c", """vtysh -c 'show bgp neighbors json' | grep -o '"connectionsDropped":[0-9]*'""")
_ESTABLISHED = ("sh", "-c", """vtysh -c 'show bgp neighbors json' | grep -c '"bgpState":"Established"'""")


async def runs_anew(scene: Scene) -> str:
    """Wait until another bgpd runs on the target and its sessions are back; what had to be forced, empty when nothing had to be."""
    end = time.monotonic() + SELF_HEALING_DEADLINE
    while time.monotonic() < end:
        if await _read(scene, BGPD_RUN) not in ("", scene.before):
            return await wait_for_sessions(scene)
        await asyncio.sleep(POLL_EVERY)
    await scene.change("systemctl", "restart", "frr")
    return f"no new bgpd ran within {SELF_HEALING_DEADLINE:g} s; the drill restarted FRR"


async def wait_for_sessions(scene: Scene) -> str:
    """Wait until every session of the target is established; what had to be forced, empty when nothing had to be."""
    wanted = str(len(scene.topology.bgp.routers)) if scene.topology.bgp else "0"
    end = time.monotonic() + SELF_HEALING_DEADLINE
    while time.monotonic() < end:
        if await _read(scene, _ESTABLISHED) == wanted:
            return ""
        await asyncio.sleep(POLL_EVERY)
    await scene.change("systemctl", "restart", "frr")
    return f"not every session came back within {SELF_HEALING_DEADLINE:g} s; the drill restarted FRR"


async def sessions_lost(reader: Reader, machine: Machine) -> int:
    """How many sessions ended since bgpd began to run. Raises HostError."""
    shown = (await reader.run(machine, _LOST)).checked().stdout
    return sum(int(line.rsplit(":", 1)[1]) for line in shown.split())


async def _read(scene: Scene, command: tuple[str, ...]) -> str:
    """What it printed; nothing while it fails."""
    try:
        return await scene.read(*command)
    except HostError:
        return ""
