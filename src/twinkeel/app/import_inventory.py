"""The files of a Kubespray inventory: the hosts file, and the group_vars beside it."""

from pathlib import Path

from twinkeel.adopt.inventory import Inventory, of_parsed
from twinkeel.audit.given_files.inventory import read_inventory as read_parsed
from twinkeel.errors import UsageError
from twinkeel.liveconfig.words import LONGEST_FILE
from twinkeel.source import SourceFile

_HOSTS = ("hosts.yaml", "hosts.yml", "inventory.yaml", "inventory.yml", "inventory.ini", "hosts.ini")


def read_inventory(path: Path) -> Inventory:
    """The inventory at a path: a hosts file in YAML or INI form, or the folder that holds one.

    Raises UsageError when there is none, OSError for what cannot be read.
    """
    file = path if path.is_file() else next((path / name for name in _HOSTS if (path / name).is_file()), None)
    if file is None:
        hint = f"name a folder with one of {', '.join(_HOSTS)}, or the file itself"
        raise UsageError("there is no inventory", where=str(path), hint=hint)
    return of_parsed(read_parsed(_source(file), []))


def _source(path: Path) -> SourceFile:
    with open(path, "rb") as file:
        content = file.read(LONGEST_FILE + 1)
    if len(content) > LONGEST_FILE:
        raise UsageError(f"the file is longer than {LONGEST_FILE} bytes: it is no inventory", where=str(path))
    return SourceFile(str(path), content.decode("utf-8-sig", errors="replace"))
