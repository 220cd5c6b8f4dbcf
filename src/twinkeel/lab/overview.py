"""What a lab looks like at this moment: power, link and systemd of every host."""

import subprocess
from dataclasses import dataclass
from typing import Literal

from twinkeel.lab import network, power
from twinkeel.lab.model import LabHost, LabLayout, LabPaths

ASK_DEADLINE = 10.0


@dataclass(frozen=True)
class HostState:
    """One host. `systemd` is what `systemctl is-system-running` says; "off" without power, "booting" before it answers."""

    name: str
    role: str
    address: str
    power: Literal["on", "off"]
    link: Literal["up", "down"]
    systemd: str


def overview(paths: LabPaths, layout: LabLayout) -> tuple[HostState, ...]:
    """Every host, in the layout's order."""
    links = network.links(layout)
    return tuple(_state(paths, layout, host, links.get(host.name, False)) for host in layout.hosts)


def _state(paths: LabPaths, layout: LabLayout, host: LabHost, link: bool) -> HostState:
    on = power.is_on(paths, layout, host)
    systemd = _systemd(power.leader(paths, layout, host)) if on else "off"
    return HostState(host.name, host.role, str(host.address), "on" if on else "off", "up" if link else "down", systemd)


def _systemd(leader: int | None) -> str:
    if leader is None:
        return "booting"
    argv = ["nsenter", "--target", str(leader), "--all", "systemctl", "is-system-running"]
    try:
        ended = subprocess.run(argv, capture_output=True, text=True, timeout=ASK_DEADLINE, check=False)
    except subprocess.TimeoutExpired:
        return "silent"
    return ended.stdout.strip() or "booting"
