"""What a service needs so that it runs with its files: nothing, a start, a reload or a restart.

One decision, taken on both sides: `plan` takes it here, and the module `rendered_files` takes it on the host right before the work,
where Ansible brings this file along (Python 3.8 or newer, standard library alone).
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

RUNNING = ("active", "reloading", "activating")


class UnitFile(NamedTuple):
    """A file with the unit that reads it. `on_change` is what makes the unit take a change in: reload or restart."""

    path: str
    content: bytes
    unit: str | None
    on_change: str


def digests(files: list[UnitFile], units: list[str]) -> dict[str, dict[str, str]]:
    """For each unit, what it must run with: one digest of the files that a reload takes in, one of those that need a restart."""
    wanted: dict[str, dict[str, str]] = {}
    for unit in units:
        wanted[unit] = {}
        for kind in ("reload", "restart"):
            total = hashlib.sha256()
            for file in sorted(files, key=lambda each: each.path):
                if file.unit == unit and file.on_change == kind:
                    total.update(file.path.encode() + b"\0" + file.content + b"\0")
            wanted[unit][kind] = total.hexdigest()
    return wanted


def action(properties: str, wanted: dict[str, str], recorded: dict[str, str], stale: set[str], outlives_reload: bool = True) -> str:
    """What a unit needs.

    Args:
        shown: what `systemctl show` printed of it, ActiveState and UnitFileState among it.
        wanted: its digests, as it must run.
        noted: those that it was last known to run with.
        stale: what the files that differ ask for: reload, restart.
        outlives_reload: whether a reload does not end it; otherwise it is restarted.
    """
    state = dict(line.split("=", 1) for line in properties.splitlines() if "=" in line)
    if state.get("ActiveState") not in RUNNING:
        return "start"
    for kind in ("restart", "reload"):
        if kind in stale or recorded.get(kind) != wanted[kind]:
            return kind if outlives_reload else "restart"
    return "none" if state.get("UnitFileState") == "enabled" else "start"
