"""Removing a lab: exactly what its manifest lists, whatever state it was left in."""

from pathlib import Path

from twinkeel.lab import cgroups, inotify_limits, manifest, network, processes
from twinkeel.lab.folders import remove_tree
from twinkeel.lab.manifest import Manifest
from twinkeel.lab.model import LabPaths
from twinkeel.lab.power import end_unit


def remove_lab(paths: LabPaths) -> bool:
    """Remove a lab; whether there was anything to remove.

    Raises:
        LabError: a process does not end, or something foreign is mounted in the lab's folder.
    """
    listed = manifest.read(paths.manifest)
    if listed is None:
        remove_tree(paths.root)
        return False
    # After a reboot of the machine only files are left, and a PID may now be somebody else's.
    if listed.boot_id == processes.boot_id():
        end_hosts(listed)
        for entry in listed.of_kind("namespace"):
            network.remove_namespace(entry.name)
        for entry in reversed(listed.of_kind("cgroup")):
            cgroups.remove(Path(entry.name))
        inotify_limits.restore_limit(paths)
    remove_tree(paths.root)
    return True


def end_hosts(listed: Manifest) -> None:
    """End every process of the lab: supervisors first, so that nothing is started again."""
    for entry in listed.of_kind("process"):
        for pid in processes.with_argument(entry.name):
            processes.kill(pid)
        if entry.pid and processes.start_time(entry.pid) == entry.started:
            processes.kill(entry.pid)
    for entry in listed.of_kind("unit"):
        end_unit(entry.name)
    processes.kill_all(lambda: _members(listed), f"the lab {listed.lab}")


def _members(listed: Manifest) -> set[int]:
    found = {pid for entry in listed.of_kind("process") for pid in processes.with_argument(entry.name)}
    for entry in listed.of_kind("cgroup"):
        found.update(cgroups.members(Path(entry.name)))
    spaces = [network.namespace_path(entry.name) for entry in listed.of_kind("namespace")]
    found.update(processes.in_network_namespace(path.stat().st_ino for path in spaces if path.exists()))
    return found
