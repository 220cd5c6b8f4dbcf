"""The note of a fault that is in force: what a drill that was killed leaves behind, and `twinkeel drill heal` reads."""

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from twinkeel.drill.fault import Fault, OpenHosts, Scene
from twinkeel.errors import ToolError, UsageError
from twinkeel.support.process_start import process_start
from twinkeel.topology.model import Topology
from twinkeel.topology.settings import PowerControl


@dataclass(frozen=True)
class ActiveFault:
    """Which scenario was injected where. `pid` is the drill's process on this machine.

    The power commands are kept because they may have been given on the command line, and whoever heals cannot know them.
    """

    cluster: str
    scenario: str
    holder: str
    target: str
    before: str
    pid: int
    power_off: str = ""
    power_on: str = ""
    process_start: str = ""

    @property
    def has_ended(self) -> bool:
        """Whether the drill that wrote it has ended: its process id may be another's by now."""
        return process_start(self.pid) != self.process_start if self.process_start else not Path(f"/proc/{self.pid}").exists()


def path_of(folder: Path, cluster: str) -> Path:
    """Where a cluster's note lies."""
    return folder / f"under-way-{cluster}.json"


def write_active_fault(folder: Path, fault: Fault, scene: Scene) -> None:
    """Say what is about to be broken. Raises ToolError: nothing may be broken that nobody could know of."""
    power = scene.topology.power
    commands = (power.off, power.on) if power else ("", "")
    note = ActiveFault(
        scene.topology.name,
        fault.id,
        scene.holder.name,
        scene.target.name,
        scene.before,
        os.getpid(),
        *commands,
        process_start(os.getpid()),
    )
    path = path_of(folder, scene.topology.name)
    temporary = path.with_suffix(f".{os.getpid()}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(asdict(note)))
        temporary.replace(path)
    except OSError as error:
        raise ToolError(f"the drill's note cannot be written: {error.strerror}", where=str(path), hint="make room there") from error


def remove_active_fault(folder: Path, cluster: str) -> None:
    """It is healed. A note that is not there is no error."""
    path_of(folder, cluster).unlink(missing_ok=True)


def read_active_fault(folder: Path, cluster: str) -> ActiveFault | None:
    """The note that a drill of this cluster left; None when there is none.

    Raises:
        UsageError: there is one that cannot be understood.
    """
    path = path_of(folder, cluster)
    try:
        return ActiveFault(**json.loads(path.read_text()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        hint = "look at `twinkeel status`, then delete that file"
        raise UsageError("the note of an earlier drill cannot be understood", where=str(path), hint=hint) from error


def scene_of(note: ActiveFault, topology: Topology, hosts: OpenHosts) -> Scene:
    """The scene that a note speaks of. Raises UsageError when the spec has no such hosts any more."""
    if note.power_on:
        topology = replace(topology, power=PowerControl(note.power_off, note.power_on))
    machines = {machine.name: machine for machine in topology.machines}
    try:
        return Scene(topology, machines[note.holder], machines[note.target], hosts, note.before)
    except KeyError as error:
        hint = "give the spec that the drill had with -f FILE"
        raise UsageError(f"the note of an earlier drill names {error}, which is not in the spec", hint=hint) from error
