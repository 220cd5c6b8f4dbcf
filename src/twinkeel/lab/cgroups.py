"""A private control group for each host, in every hierarchy of this machine.

Without them all hosts would share one group, and one host's `systemctl stop` could end another host's service.
Where systemd runs this machine, each host is a transient service with Delegate=yes, and systemd makes the groups; but in a
container it may not write to version 1's controllers, so those are always ours.
"""

import os
import shlex
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from twinkeel.errors import LabError
from twinkeel.lab.model import LabHost, LabLayout

# In a mount namespace of its own: a hierarchy that is read-only for this machine can be made writable for one command.
_WRITABLE = """
mount -o remount,rw,bind "$1"
case "$2" in
  create)
    mkdir -p "$3"
    for name in cpuset.cpus cpuset.mems; do [ ! -e "$3/$name" ] || cat "$3/../$name" > "$3/$name"; done ;;
  remove) find "$3" -depth -type d -exec rmdir {} ';' 2>/dev/null || : ;;
esac
"""

REMOVE_DEADLINE = 10.0
POLL = 0.02

# Microseconds of each second, for each processor.
REAL_TIME = "cpu.rt_runtime_us"


def systemd_runs_here() -> bool:
    """Whether this machine's PID 1 is systemd; see sd_booted(3)."""
    return Path("/run/systemd/system").is_dir()


def version_2_is_there() -> bool:
    """Whether version 2 is mounted here, alone or beside version 1."""
    return any(kind == "cgroup2" for _, kind, _ in _mounts())


def version_2_alone() -> bool:
    """Whether version 2 has every controller: nothing of version 1 is mounted."""
    return version_2_is_there() and all(kind == "cgroup2" for _, kind, _ in _mounts())


def lab_groups(layout: LabLayout) -> tuple[Path, ...]:
    """The lab's own folder in every hierarchy, where hosts' groups are made."""
    return tuple(base / f"twinkeel-{layout.lab_id}" for base in _hierarchies())


def host_groups(layout: LabLayout, host: LabHost) -> tuple[Path, ...]:
    """A host's group in every hierarchy."""
    return tuple(group / host.name for group in lab_groups(layout))


def joining(groups: tuple[Path, ...]) -> str:
    """Shell lines that move the shell itself into these groups; for a mount namespace of its own."""
    lines = []
    for group in groups:
        mountpoint = _mountpoint(group)
        if mountpoint is not None and not os.access(mountpoint, os.W_OK):
            lines.append(shlex.join(["mount", "-o", "remount,rw,bind", str(mountpoint)]))
        lines.append(f"echo $$ > {shlex.quote(str(group / 'cgroup.procs'))}")
    return "\n".join(lines)


def _hierarchies() -> tuple[Path, ...]:
    """The folder in every hierarchy below which we may make groups: ours in version 1, the root in version 2.

    Where systemd runs this machine: the roots of version 1's controllers, the rest is its own.
    """
    ours, systemd = _own_paths(), systemd_runs_here()
    bases = []
    for mountpoint, kind, options in _mounts():
        if kind == "cgroup2" and not systemd:
            bases.append(mountpoint)
        elif kind == "cgroup" and not (systemd and any(option.startswith("name=") for option in options)):
            inside = "/" if systemd else next((path for names, path in ours.items() if names & options), "/")
            base = mountpoint / inside.lstrip("/")
            bases.append(base if base.is_dir() else mountpoint)
    return tuple(dict.fromkeys(bases))


def _mounts() -> list[tuple[Path, str, set[str]]]:
    """Every mounted hierarchy: where, which version's file system, and its options, the controllers among them. See proc(5)."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        root, mountpoint = left.split()[3:5]
        kind, _, options = right.split()[:3]
        if kind == "cgroup2" or (kind == "cgroup" and root == "/"):
            found.append((Path(mountpoint), kind, set(options.split(","))))
    return found


def _mountpoint(group: Path) -> Path | None:
    """Where the hierarchy is mounted that holds this group."""
    return next((mountpoint for mountpoint, _, _ in _mounts() if group.is_relative_to(mountpoint)), None)


def _in_writable(mountpoint: Path, word: str, group: Path) -> None:
    argv = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", _WRITABLE, "sh", str(mountpoint), word, str(group)]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        hint = "the lab needs control groups that can be written to"
        raise LabError(f"cannot {word} a control group: {ended.stderr.strip()}", where=str(group), hint=hint)


def _own_paths() -> dict[frozenset[str], str]:
    """Controllers of a hierarchy (or name=systemd) -> our own group's path in it."""
    lines = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
    return {frozenset(names.split(",")): path for _, names, path in lines if names}


def create(group: Path) -> None:
    """Make one group; on version 1 it is given its parent's processors, on version 2 its parent's controllers."""
    mountpoint = _mountpoint(group)
    if mountpoint is not None and not os.access(mountpoint, os.W_OK):
        _in_writable(mountpoint, "create", group)
        return
    group.mkdir(exist_ok=True)
    for name in ("cpuset.cpus", "cpuset.mems"):
        mine, parents = group / name, group.parent / name
        if mine.exists() and parents.exists() and not mine.read_text().strip():
            mine.write_text(parents.read_text())
    for controller in _available(group.parent):
        # A parent that holds processes gives no controllers away; hosts without a kubelet do without.
        with suppress(OSError):
            (group.parent / "cgroup.subtree_control").write_text(f"+{controller}")


def allow_real_time(layout: LabLayout, wanted: Mapping[str, int]) -> None:
    """Let daemons of some hosts have real time, as on machines of their own. A larger share of the processors is no help: a host
    that boots would slow the API servers down.

    `wanted`: a host's name -> microseconds of each second, for each processor. The VRRP daemon and bfdd ask for real time. In
    a group of version 1 the kernel refuses that until the group has a share of real time, and a group that has used its share up
    does not run before the next second (Documentation/scheduler/sched-rt-group.rst): one that is too small is worse than none.
    Where less is left than is wanted, all get the same part of what they want; where nothing is, they go on without.
    """
    for above in lab_groups(layout):
        if (above / REAL_TIME).exists():
            shares = _fitting(wanted, _real_time_left(above))
            with suppress(OSError):
                (above / REAL_TIME).write_text(str(sum(shares.values())))
                for name, share in shares.items():
                    (above / name / REAL_TIME).write_text(str(share))


def _real_time_left(group: Path) -> int:
    """What the groups beside this one leave of their parent's real time."""
    beside = [each / REAL_TIME for each in group.parent.iterdir() if each != group and (each / REAL_TIME).exists()]
    return int((group.parent / REAL_TIME).read_text()) - sum(int(each.read_text()) for each in beside)


def _fitting(wanted: Mapping[str, int], left: int) -> dict[str, int]:
    part = min(1.0, max(left, 0) / max(sum(wanted.values()), 1))
    return {name: int(share * part) for name, share in wanted.items()}


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
    for mountpoint, kind, options in _mounts():
        wanted = {""} if kind == "cgroup2" else options
        target = next((path for names, path in paths.items() if names & wanted), None)
        if target is not None:
            # A host's command that stays outside of a controller is no harm; one that fails would be.
            with suppress(OSError):
                (mountpoint / target.lstrip("/") / "cgroup.procs").write_text(str(os.getpid()))


def remove(group: Path) -> None:
    """Remove a group and all below it, whose processes have ended.

    Raises:
        LabError: the kernel still holds it after 10 seconds.
    """
    deadline = time.monotonic() + REMOVE_DEADLINE
    mountpoint = _mountpoint(group)
    while group.is_dir():
        if mountpoint is not None and not os.access(mountpoint, os.W_OK):
            _in_writable(mountpoint, "remove", group)
        for folder, _, _ in os.walk(group, topdown=False):
            with suppress(OSError):
                Path(folder).rmdir()
        if not group.is_dir():
            return
        if time.monotonic() > deadline:
            raise LabError("a control group cannot be removed", where=str(group), hint="see its cgroup.procs; try again")
        time.sleep(POLL)
