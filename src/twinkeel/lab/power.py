"""Power and cable of one host: what a person does to a machine from outside it."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from twinkeel.errors import LabError, UsageError
from twinkeel.lab import cgroups, host, manifest, network, processes
from twinkeel.lab.model import LabHost, LabLayout, LabPaths

REBOOT_DEADLINE = 120.0
POLL = 0.05


def groups_of(paths: LabPaths, machine: LabHost) -> tuple[Path, ...]:
    """The control groups that the manifest lists for a host."""
    listed = manifest.read(paths.manifest)
    entries = listed.of_kind("cgroup") if listed is not None else ()
    return tuple(Path(entry.name) for entry in entries if Path(entry.name).name == machine.name)


def members(paths: LabPaths, layout: LabLayout, machine: LabHost) -> list[int]:
    """Every process of a host, its supervisor included."""
    return host.members(layout, machine, groups_of(paths, machine), str(paths.host(machine.name) / "supervise"))


def leader(paths: LabPaths, layout: LabLayout, machine: LabHost) -> int | None:
    """The process that is PID 1 of a host; None while it is off."""
    return processes.leader(members(paths, layout, machine))


def is_on(paths: LabPaths, layout: LabLayout, machine: LabHost) -> bool:
    """Whether a host runs or is about to: between two boots only its supervisor is there."""
    if cgroups.systemd_runs_here():
        argv = ["systemctl", "is-active", host.unit_name(layout, machine)]
        state = subprocess.run(argv, capture_output=True, text=True, check=False).stdout.strip()
        return state in ("active", "activating", "deactivating", "reloading")
    return bool(processes.with_argument(str(paths.host(machine.name) / "supervise")))


def power_off(paths: LabPaths, layout: LabLayout, machine: LabHost) -> None:
    """Cut the power: first the link goes, as on a dead machine, then every process at once. The disk keeps what it has.

    Raises:
        UsageError: it is off already.
    """
    if not is_on(paths, layout, machine):
        raise UsageError(f"{machine.name} is off already", hint=f"twinkeel lab power-on {machine.name}")
    network.set_link(layout, machine, up=False)
    (paths.host(machine.name) / "off").touch()
    end_processes(paths, layout, machine)
    # Addresses live in the namespace, not in the processes: a virtual IP must not come back with the power.
    network.renew(layout, machine, link=False)


def end_processes(paths: LabPaths, layout: LabLayout, machine: LabHost) -> None:
    """SIGKILL everything of a host, supervisor first, until nothing is left."""
    for pid in processes.with_argument(str(paths.host(machine.name) / "supervise")):
        processes.kill(pid)
    if cgroups.systemd_runs_here():
        end_unit(host.unit_name(layout, machine))
    processes.kill_all(lambda: members(paths, layout, machine), machine.name)


def end_unit(unit: str) -> None:
    """End a transient service at once: SIGKILL to all of it, and no restart."""
    for argv in (["kill", "--kill-whom=all", "--signal=KILL", unit], ["stop", unit], ["reset-failed", unit]):
        subprocess.run(["systemctl", *argv], capture_output=True, check=False)


def power_on(paths: LabPaths, layout: LabLayout, machine: LabHost) -> None:
    """Give the power back; returns while the host boots. Raises UsageError when it is on already."""
    if is_on(paths, layout, machine):
        raise UsageError(f"{machine.name} is on already", hint=f"twinkeel lab reboot {machine.name}")
    # Its processes may have ended by themselves (a shutdown from inside): nothing of them may be left.
    end_processes(paths, layout, machine)
    network.renew(layout, machine, link=not is_cut(paths, machine))
    host.start(paths, layout, machine)


def reboot(paths: LabPaths, layout: LabLayout, machine: LabHost, wait: Callable[[], None]) -> None:
    """Ask the host's own systemd to reboot, and wait until it runs anew; `wait` then waits until it answers.

    Raises:
        UsageError: it is off.
        LabError: it does not go down within two minutes.
    """
    before = leader(paths, layout, machine)
    if before is None:
        raise UsageError(f"{machine.name} is off", hint=f"twinkeel lab power-on {machine.name}")
    argv = ["nsenter", "--target", str(before), "--all", "systemctl", "reboot"]
    subprocess.run(argv, capture_output=True, check=False)
    end = time.monotonic() + REBOOT_DEADLINE
    while processes.start_time(before) is not None:
        if time.monotonic() > end:
            raise LabError(f"{machine.name} does not go down", hint=f"`twinkeel lab logs {machine.name}` says why")
        time.sleep(POLL)
    wait()


def cut(paths: LabPaths, layout: LabLayout, machine: LabHost) -> None:
    """Pull the host's cable out of the switch; it stays out over reboots and power cycles."""
    (paths.host(machine.name) / "cut").touch()
    network.set_link(layout, machine, up=False)


def heal(paths: LabPaths, layout: LabLayout, machine: LabHost) -> None:
    """Put the host's cable back. A host without power has no link until it gets power."""
    (paths.host(machine.name) / "cut").unlink(missing_ok=True)
    if is_on(paths, layout, machine):
        network.set_link(layout, machine, up=True)


def is_cut(paths: LabPaths, machine: LabHost) -> bool:
    """Whether the host's cable was pulled."""
    return (paths.host(machine.name) / "cut").exists()
