"""The seam of what shares virtual IPs out: who may know that it is Keepalived, and why. Every other module asks the backend.

Comments and documentation count, too: what they say of Keepalived is not true of another mechanism.
"""

from collections.abc import Iterator
from pathlib import Path

import twinkeel

SOURCE = Path(twinkeel.__file__).parent

ROOMS = {
    "render": "writes its files",
    "vip/keepalived": "is the backend",
    "drill": "breaks and watches it",
    # Rooms that read a pair's own files (CONTRIBUTING.md): what they are about is what its people wrote.
    "liveconfig": "reads them",
    "audit": "judges them",
    "adopt": "makes a spec of them",
    "observe/live_files": "fetches them from hosts",
    # The workbench.
    "bench": "other people's pairs are made of it",
}
MODULES = {
    "vip/daemons.py": "lists what every layer may know",
    "vip/choose_backend.py": "chooses",
    "vip/predict.py": "chooses its arithmetic",
    "spec/model.py": "`keepalived:` is a key of the user's, who reads in its reference what it is",
    "cli/audit.py": "its help names the files that it takes",
    "cli/import_pair.py": "its help names the files that it takes",
    "observe/host_programs/reload_safety.py": "its reload drops real-time limits",
    "rollout/ansible/roles/selinux/files/twinkeel.cil": "names its SELinux type",
}


def names_it(path: Path) -> bool:
    """Whether `grep -i` finds it."""
    return "keepalived" in path.read_text(encoding="utf-8").lower()


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(SOURCE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(SOURCE).as_posix(), path


def room_of(module: str) -> str | None:
    return next((room for room in ROOMS if module.startswith(f"{room}/")), None)


def test_nobody_else_names_keepalived() -> None:
    found = [module for module, path in modules() if room_of(module) is None and module not in MODULES and names_it(path)]
    assert found == [], "ask twinkeel.vip.backend or twinkeel.vip.daemons, or say what is meant without the name"


def test_the_list_is_as_short_as_it_can_be() -> None:
    naming = {module for module, path in modules() if names_it(path)}
    assert set(MODULES) <= naming
    assert set(ROOMS) == {room_of(module) for module in naming} - {None}
