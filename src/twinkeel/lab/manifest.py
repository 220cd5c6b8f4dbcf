"""The list of all that a lab made on this machine, written before each thing is made.

`down`, and an `up` after a crash, remove exactly what stands here. JSON, replaced atomically:
`{"lab", "lab_id", "boot_id", "state": "making" | "up", "entries": [{"kind", "name", "pid", "started", "value"}]}`.
After a reboot of the machine (another boot id) only files are left to remove.
"""

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from twinkeel.errors import LabError

Kind = Literal["process", "unit", "namespace", "cgroup", "setting"]
State = Literal["making", "up"]


@dataclass(frozen=True)
class Entry:
    """One thing. `name`: a process's unique argument, a unit, a namespace below /run/netns, a cgroup's path, or a kernel setting.

    `value` is what a kernel setting was before.
    """

    kind: Kind
    name: str
    pid: int = 0
    started: int = 0
    value: str = ""


@dataclass(frozen=True)
class Manifest:
    """All that one lab made. `started` of a process is in clock ticks since boot: with the PID it names one process."""

    lab: str
    lab_id: str
    boot_id: str
    state: State = "making"
    entries: tuple[Entry, ...] = ()

    def of_kind(self, kind: Kind) -> tuple[Entry, ...]:
        """The entries of one kind, in the order in which they were made."""
        return tuple(entry for entry in self.entries if entry.kind == kind)

    def adding(self, entries: tuple[Entry, ...]) -> "Manifest":
        """With these entries; one of the same kind and name is replaced."""
        new = {(entry.kind, entry.name) for entry in entries}
        kept = tuple(entry for entry in self.entries if (entry.kind, entry.name) not in new)
        return replace(self, entries=kept + entries)


def write(path: Path, manifest: Manifest) -> None:
    """Replace the manifest; after a crash the old one or the new one is there, never half of one."""
    temporary = path.with_suffix(".new")
    with open(temporary, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        json.dump(asdict(manifest), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def read(path: Path) -> Manifest | None:
    """The manifest at `path`; None when there is none. Raises LabError when it is not a manifest."""
    try:
        data = json.loads(path.read_text())
        entries = tuple(Entry(**entry) for entry in data.pop("entries"))
        return Manifest(**data, entries=entries)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        hint = "see `ip netns` for namespaces called tk-*, remove what is left by hand, then remove this file"
        raise LabError(f"the lab's manifest cannot be read: {error}", where=str(path), hint=hint) from error


def record(path: Path, *entries: Entry) -> None:
    """Write entries down before they are made (or again, when their PID is known)."""
    manifest = read(path)
    if manifest is None:
        raise LabError("the lab's manifest is gone", where=str(path), hint="`twinkeel lab down`, then `twinkeel lab up`")
    write(path, manifest.adding(entries))


def set_state(path: Path, state: State) -> None:
    """Say whether the lab is being made or stands."""
    manifest = read(path)
    if manifest is not None:
        write(path, replace(manifest, state=state))
