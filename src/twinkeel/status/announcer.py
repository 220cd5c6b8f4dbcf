"""What a load balancer tells of announcing the virtual IPs."""

import asyncio
import json
from dataclasses import replace

from twinkeel.errors import HostError
from twinkeel.hosts.executor import Reader
from twinkeel.render.announce import ANNOUNCE_STATE
from twinkeel.status.bgp_sessions import try_sessions
from twinkeel.status.snapshot import LoadBalancerState
from twinkeel.topology.model import Machine


async def look_at_announcer(
    reader: Reader, machine: Machine, seen: LoadBalancerState, *, runs: bool, standby: bool
) -> LoadBalancerState:
    """The state with what is known of announcing; `runs` says whether FRR and our program do."""
    sessions, (why, waits) = await asyncio.gather(try_sessions(reader, machine), _told(reader, machine))
    state = announcer_state(holds=bool(seen.vips), runs=runs, standby=standby, waits=waits)
    return replace(seen, vrrp_state=state, sessions=sessions, detail="" if state == "ANNOUNCING" else why)


def announcer_state(*, holds: bool, runs: bool, standby: bool, waits: bool) -> str:
    """One word for it: see LoadBalancerState."""
    if not runs:
        return "STOPPED"
    if holds:
        return "ANNOUNCING"
    if standby:
        return "STANDBY"
    return "WAITING" if waits else "FAULT"


async def _told(reader: Reader, machine: Machine) -> tuple[str, bool]:
    """Why it announces or not, and whether it waits; nothing where it has not told yet."""
    try:
        told = json.loads(await reader.read_file(machine, ANNOUNCE_STATE))
        return str(told["why"]), told["until"] is not None
    except (HostError, ValueError, TypeError, KeyError):
        return "", False


async def read_planned(reader: Reader, machine: Machine) -> bool:
    """Whether what it announces nothing for was asked for; False where it does not tell."""
    try:
        return bool(json.loads(await reader.read_file(machine, ANNOUNCE_STATE))["planned"])
    except (HostError, ValueError, TypeError, KeyError):
        return False
