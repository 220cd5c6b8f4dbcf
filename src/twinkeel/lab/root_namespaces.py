"""Leaving `twinkeel lab exec client`: labs are changed only from the namespaces in which they are made."""

from collections.abc import Iterator

from twinkeel.errors import LabError
from twinkeel.lab import manifest, processes, state
from twinkeel.lab.namespaces import enter, network_inode
from twinkeel.lab.network import NAMESPACES

SYSTEMD = 1


def enter_root_namespaces() -> None:
    """When we run inside a lab's client or operator, go back to this machine's own mounts and network.

    A drill in the client calls `twinkeel lab power-on`; a namespace made there would be invisible to everyone else.

    Raises:
        LabError: we are inside a lab and find no way out.
    """
    inside = network_inode()
    if all(network_inode(path) != inside for path in NAMESPACES.glob("tk-*")):
        return
    if not any(enter(pid) for pid in _processes_in_root_namespaces()):
        raise LabError("this command runs inside a lab and cannot leave it", hint="run it on the machine itself")


def _processes_in_root_namespaces() -> Iterator[int]:
    """Supervisors of hosts stay where `lab up` ran; where systemd runs the machine, it is at home by definition."""
    for name in state.names():
        listed = manifest.read(state.paths_of(name).manifest)
        for entry in listed.of_kind("process") if listed else ():
            yield from processes.with_argument(entry.name)
    yield SYSTEMD
