"""What is on a load balancer now, of all that `apply` would touch: asked in one command, and only read."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address

from twinkeel.errors import HostError
from twinkeel.hosts.executor import Reader
from twinkeel.hosts.host_program import HAPROXY_SOCKET, PYTHON_HINT, WORK_LOCK, host_program
from twinkeel.hosts.understand import understand
from twinkeel.spec.fields import IPAddress
from twinkeel.status.backends import SOCKET, Backend, parse_servers
from twinkeel.topology.model import Machine
from twinkeel.vip.daemons import VRRP_DAEMON

NOTES = "/var/lib/twinkeel/loaded.json"
LIVE = "/var/lib/twinkeel/live.json"
GENERATIONS = "/var/lib/twinkeel/generations"
MARKER = "Written by Twinkeel"
PACKAGE_VERSIONS = "twinkeel.observe.host_programs.package_versions"
RELOAD_SAFETY = "twinkeel.observe.host_programs.reload_safety"
READ_STATE = host_program("twinkeel.observe.host_programs.read_state", HAPROXY_SOCKET, WORK_LOCK, PACKAGE_VERSIONS, RELOAD_SAFETY)
READ_TIMEOUT = 60.0  # Seconds: more than a module that is still at work is waited for (work_lock.DEADLINE).
# Where files of ours can lie; what lies there and is no longer rendered is told.
FOLDERS = (
    "/etc/haproxy",
    VRRP_DAEMON.folder,
    "/etc/twinkeel",
    "/etc/systemd/system",
    "/etc/tmpfiles.d",
    "/etc/sysctl.d",
    "/etc/nftables.d",
    "/usr/local/lib/twinkeel",
)


@dataclass(frozen=True)
class FoundFile:
    """A file on a host. `kind` is file, link or other; `mode` holds the permission bits."""

    kind: str
    mode: int
    owner: str
    group: str
    content: bytes


@dataclass(frozen=True)
class PackageState:
    """The installed version of a package, or the one that an installation would bring; None where there is none."""

    installed: str | None
    offered: str | None


@dataclass(frozen=True)
class LiveFile:
    """A file that apply noted as its own: who reads it, and what makes that unit take a change in."""

    path: str
    unit: str | None
    on_change: str


@dataclass(frozen=True)
class HostState:
    """One load balancer. `units` has what `systemctl show` printed, `notes` what the services were last known to run with.

    `live` are the files that apply noted as its own, with the unit that reads each; `ours` those that say that we wrote them.
    `servers` has HAProxy's view of its servers by backend; empty when it does not run.
    `generation` is the newest one that was kept, 0 for none; `selinux` whether the kernel has it on.
    `only_restart` are units that would not outlive a reload. `package_manager` is apt, dnf or, where there is neither, empty.
    """

    files: Mapping[str, FoundFile | None]
    units: Mapping[str, str]
    packages: Mapping[str, PackageState]
    notes: Mapping[str, Mapping[str, str]]
    live: tuple[LiveFile, ...]
    ours: tuple[str, ...]
    addresses: frozenset[IPAddress]
    servers: Mapping[str, tuple[Backend, ...]] = field(default_factory=dict)
    generation: int = 0
    selinux: bool = False
    only_restart: tuple[str, ...] = ()
    package_manager: str = ""


async def read_host_state(
    reader: Reader,
    machine: Machine,
    paths: Sequence[str],
    units: Sequence[str],
    packages: Sequence[str] = (),
    folders: Sequence[str] = FOLDERS,
) -> HostState:
    """The host's state now, of the files, units and packages that are named; files of ours are looked for in `folders`.

    Where a module of an earlier run is still at work on the host its end is waited for.

    Raises:
        HostError: the host cannot be asked, has no python3, or answers nonsense.
    """
    asked = {"files": paths, "units": units, "packages": packages, "notes": NOTES, "live": LIVE}
    asked |= {"marker": MARKER, "folders": folders, "haproxy_socket": SOCKET, "generations": GENERATIONS}
    result = await reader.run(machine, ["python3", "-c", READ_STATE, json.dumps(asked)], timeout=READ_TIMEOUT)
    if result.exit_code != 0:
        message = (result.stderr.strip() or "nothing").splitlines()[-1]
        raise HostError(f"the host's state cannot be read: python3 reported: {message}", where=machine.name, hint=PYTHON_HINT)
    return understand(parse_host_state, result.stdout, machine.name)


def parse_host_state(text: str) -> HostState:
    """The value of what the program printed."""
    state = json.loads(text)
    return HostState(
        files={path: _file(found) for path, found in state["files"].items()},
        units=state["units"],
        packages={name: PackageState(**found) for name, found in state["packages"].items()},
        notes=state["notes"],
        live=tuple(LiveFile(entry["path"], entry.get("unit"), entry.get("on_change") or "reload") for entry in state["live"]),
        ours=tuple(state["ours"]),
        addresses=frozenset(ip_address(address) for address in state["addresses"]),
        servers=parse_servers(state["haproxy_stats"]),
        generation=state["generation"],
        selinux=state["selinux"],
        only_restart=tuple(state["only_restart"]),
        package_manager=state["package_manager"],
    )


def _file(found: Mapping[str, str] | None) -> FoundFile | None:
    if found is None:
        return None
    content = base64.b64decode(found["content"])
    return FoundFile(found["kind"], int(found["mode"]), found["owner"], found["group"], content)
