"""What a load balancer tells of announcing the virtual IPs."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from twinkeel.errors import HostError
from twinkeel.hosts.executor import Reader
from twinkeel.render.announce import ANNOUNCE_STATE
from twinkeel.status.bgp_sessions import parse_bfd, parse_sessions
from twinkeel.status.snapshot import LoadBalancerState
from twinkeel.topology.model import Machine


def announcer_of(report: Mapping[str, Any], seen: LoadBalancerState) -> LoadBalancerState:
    """The state with what is known of announcing, from all that the program on the host told."""
    why, waits = _reason(report["announce"])
    runs = list(report["units"][1:]) == ["active"] * 2
    standby = report["standby"] is not None and report["standby"].strip() != "0"
    state = announcer_state(holds=bool(seen.vips), runs=runs, standby=standby, waits=waits)
    sessions = parse_sessions(report["bgp"], parse_bfd(report["bfd"]))
    return replace(seen, vrrp_state=state, sessions=sessions, detail="" if state == "ANNOUNCING" else why)


def announced_vips(report: Mapping[str, Any]) -> tuple[str, ...]:
    """The virtual IPs that its program is there for; none where it has not told yet."""
    try:
        return tuple(json.loads(report["announce"] or "")["vips"])
    except (ValueError, TypeError, KeyError):
        return ()


def announcer_state(*, holds: bool, runs: bool, standby: bool, waits: bool) -> str:
    """One word for it: see LoadBalancerState."""
    if not runs:
        return "STOPPED"
    if holds:
        return "ANNOUNCING"
    if standby:
        return "STANDBY"
    return "WAITING" if waits else "FAULT"


def _reason(text: str | None) -> tuple[str, bool]:
    """Why it announces or not, and whether it waits; nothing where it has not told yet."""
    try:
        report = json.loads(text or "")
        return str(report["why"]), report["until"] is not None
    except (ValueError, TypeError, KeyError):
        return "", False


async def read_planned(reader: Reader, machine: Machine) -> bool:
    """Whether what it announces nothing for was asked for; False where it does not tell."""
    try:
        return bool(json.loads(await reader.read_file(machine, ANNOUNCE_STATE))["planned"])
    except (HostError, ValueError, TypeError, KeyError):
        return False
