"""A private control group for each host, in every hierarchy of this machine.

Without them all hosts would share one group, and one host's `systemctl stop` could end another host's service.
Where systemd runs this machine, it makes them: each host is a transient service with Delegate=yes.
"""

import os
import time
from contextlib import suppress
from pathlib import Path

from twinkeel.errors import LabError
from twinkeel.lab.model import LabHost, LabLayout

REMOVE_DEADLINE = 10.0
POLL = 0.02


def systemd_runs_here() -> bool:
    """Whether this machine's PID 1 is systemd; see sd_booted(3)."""
    return Path("/run/systemd/system").is_dir()


def lab_groups(layout: LabLayout) -> tuple[Path, ...]:
    """The lab's own folder in every hierarchy, where hosts' groups are made."""
    return tuple(base / f"twinkeel-{layout.lab_id}" for base in _hierarchies())


def host_groups(layout: LabLayout, host: LabHost) -> tuple[Path, ...]:
    """A host's group in every hierarchy."""
    return tuple(group / host.name for group in lab_groups(layout))


def _hierarchies() -> tuple[Path, ...]:
    """The folder in every hierarchy below which we may make groups: ours in version 1, the root in version 2."""
    ours = _own_paths()
    bases = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        # See proc(5): fields before the dash, then type, source and super options.
        left, _, right = line.partition(" - ")
        root, mountpoint = left.split()[3:5]
        kind, _, options = right.split()[:3]
        if kind == "cgroup2":
            bases.append(Path(mountpoint))
        elif kind == "cgroup" and root == "/":
            inside = next((path for names, path in ours.items() if names & set(options.split(","))), "/")
            base = Path(mountpoint) / inside.lstrip("/")
            bases.append(base if base.is_dir() else Path(mountpoint))
    return tuple(dict.fromkeys(bases))


def _own_paths() -> dict[frozenset[str], str]:
    """Controllers of a hierarchy (or name=systemd) -> our own group's path in it."""
    lines = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
    return {frozenset(names.split(",")): path for _, names, path in lines if names}


def create(group: Path) -> None:
    """Make one group; on version 1 it is given its parent's processors, on version 2 its parent's controllers."""
    group.mkdir(exist_ok=True)
    for name in ("cpuset.cpus", "cpuset.mems"):
        mine, parents = group / name, group.parent / name
        if mine.exists() and parents.exists() and not mine.read_text().strip():
            mine.write_text(parents.read_text())
    for controller in _available(group.parent):
        # A parent that holds processes gives no controllers away; hosts without a kubelet do without.
        with suppress(OSError):
            (group.parent / "cgroup.subtree_control").write_text(f"+{controller}")


def _available(group: Path) -> list[str]:
    controllers = group / "cgroup.controllers"
    return controllers.read_text().split() if controllers.exists() else []


def members(group: Path) -> list[int]:
    """Every process in a group or below it."""
    found: list[int] = []
    for folder, _, files in os.walk(group):
        if "cgroup.procs" in files:
            with suppress(OSError):
                found.extend(int(pid) for pid in (Path(folder) / "cgroup.procs").read_text().split())
    return [pid for pid in found if pid > 0]


def join(leader: int) -> None:
    """Move the calling process into the groups of `leader`, so that its host's systemd counts it as its own."""
    paths = {}
    for line in Path(f"/proc/{leader}/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        paths[frozenset(names.split(","))] = path
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        mountpoint, kind = left.split()[4], right.split()[0]
        wanted = {""} if kind == "cgroup2" else set(right.split()[2].split(",")) if kind == "cgroup" else None
        target = next((path for names, path in paths.items() if wanted is not None and names & wanted), None)
        if target is not None:
            with suppress(OSError):
                (Path(mountpoint) / target.lstrip("/") / "cgroup.procs").write_text(str(os.getpid()))


def remove(group: Path) -> None:
    """Remove a group and all below it, whose processes have ended.

    Raises:
        LabError: the kernel still holds it after 10 seconds.
    """
    deadline = time.monotonic() + REMOVE_DEADLINE
    while group.is_dir():
        for folder, _, _ in os.walk(group, topdown=False):
            with suppress(OSError):
                Path(folder).rmdir()
        if not group.is_dir():
            return
        if time.monotonic() > deadline:
            raise LabError("a control group cannot be removed", where=str(group), hint="see its cgroup.procs; try again")
        time.sleep(POLL)
