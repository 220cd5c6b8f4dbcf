"""What a lab looks like at this moment: power, link, systemd and daemons of every host."""

import re
import subprocess
from dataclasses import dataclass, field
from typing import Literal

from twinkeel.lab import network, power
from twinkeel.lab.host import SYSTEM_PATH
from twinkeel.lab.model import LabHost, LabLayout, LabPaths, LabRole
from twinkeel.vip.daemons import VRRP_DAEMON

ASK_DEADLINE = 10.0

# The first line is systemd's; each program then tells its own version. The image has some that only hosts of one role start.
_QUESTION = """
systemctl is-system-running
for program in "haproxy -v" "@VRRP@ -v" "/usr/lib/frr/bgpd -v" "etcd --version" "containerd --version"; do $program; done 2>&1
""".replace("@VRRP@", VRRP_DAEMON.unit)
_DAEMONS: dict[LabRole, tuple[str, ...]] = {
    "load_balancer": ("haproxy", VRRP_DAEMON.unit, "frr"),
    "router": ("frr", VRRP_DAEMON.unit),
    "control_plane": ("etcd", "containerd"),
    "worker": ("containerd",),
}
_VERSIONS = {
    "haproxy": re.compile(r"^HAProxy version (\d+\.\d+[.\d]*)", re.MULTILINE),
    VRRP_DAEMON.unit: re.compile(rf"^{VRRP_DAEMON.name} v(\d+\.\d+[.\d]*)", re.MULTILINE),
    "frr": re.compile(r"^bgpd version (\d+\.\d+[.\d]*)", re.MULTILINE),
    "etcd": re.compile(r"^etcd Version: (\d+\.\d+[.\d]*)", re.MULTILINE),
    "containerd": re.compile(r"^containerd \S+ v?(\d+\.\d+[.\d]*)", re.MULTILINE),
}


@dataclass(frozen=True)
class HostState:
    """One host. `systemd` is what `systemctl is-system-running` says; "off" without power, "booting" before it answers.

    `versions` are those of the daemons that it has, as they say: {"haproxy": "3.0.11", "etcd": "3.5.16"}.
    """

    name: str
    role: str
    address: str
    power: Literal["on", "off"]
    link: Literal["up", "down"]
    systemd: str
    versions: dict[str, str] = field(default_factory=dict)


def overview(paths: LabPaths, layout: LabLayout) -> tuple[HostState, ...]:
    """Every host, in the layout's order."""
    links = network.links(layout)
    return tuple(_state(paths, layout, host, links.get(host.name, False)) for host in layout.hosts)


def _state(paths: LabPaths, layout: LabLayout, host: LabHost, link: bool) -> HostState:
    on = power.is_on(paths, layout, host)
    systemd, versions = _ask(power.leader(paths, layout, host)) if on else ("off", {})
    own = {name for role in host.roles for name in _DAEMONS.get(role, ())}
    versions = {name: version for name, version in versions.items() if name in own}
    return HostState(host.name, host.role, str(host.address), "on" if on else "off", "up" if link else "down", systemd, versions)


def _ask(leader: int | None) -> tuple[str, dict[str, str]]:
    if leader is None:
        return "booting", {}
    argv = ["nsenter", "--target", str(leader), "--all", "sh", "-c", _QUESTION]
    environment = {"PATH": SYSTEM_PATH, "LC_ALL": "C"}
    try:
        ended = subprocess.run(argv, capture_output=True, text=True, timeout=ASK_DEADLINE, check=False, env=environment)
    except subprocess.TimeoutExpired:
        return "silent", {}
    return understand(ended.stdout)


def understand(output: str) -> tuple[str, dict[str, str]]:
    """systemd's state and the daemons' versions, from what a host said."""
    systemd, _, rest = output.partition("\n")
    found = {name: match[1].rstrip(".") for name, pattern in _VERSIONS.items() if (match := pattern.search(rest))}
    return systemd.strip() or "booting", found
