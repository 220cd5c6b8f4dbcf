"""An inventory's files: the one that names the hosts, and group_vars and host_vars beside it."""

import os
from collections.abc import Iterator
from pathlib import Path

from twinkeel.audit.given_files.files import Notes, read
from twinkeel.liveconfig.inventory import Inventory, Variables
from twinkeel.liveconfig.inventory_ini import read_ini
from twinkeel.liveconfig.inventory_yaml import read_variables, read_yaml_inventory
from twinkeel.source import SourceFile

YAML_SUFFIXES = (".yml", ".yaml", ".json")
MOST_FILES = 1_000


def read_inventory(source: SourceFile, notes: Notes) -> Inventory:
    """The inventory that a file and the folders beside it hold. What cannot be read is a note or a remark."""
    inventory = Inventory([source])
    (read_yaml_inventory if is_yaml(source) else read_ini)(source, inventory)
    folder = Path(source.name).parent
    for name, group in inventory.groups.items():
        group.file_vars = _variables(folder / "group_vars" / name, inventory, notes)
    for name, host in inventory.hosts.items():
        host.file_vars = _variables(folder / "host_vars" / name, inventory, notes)
    return inventory


def is_yaml(source: SourceFile) -> bool:
    """By its name, or, without one that tells, by its first line that says anything."""
    suffix = Path(source.name).suffix
    if suffix in (*YAML_SUFFIXES, ".ini"):
        return suffix != ".ini"
    first = next((line.strip() for line in source.lines if line.strip() and line.strip()[0] not in "#;"), "")
    return first.startswith(("---", "{")) or first.endswith(":")


def _variables(path: Path, inventory: Inventory, notes: Notes) -> Variables:
    found: Variables = {}
    # A host's name may hold anything; what leads out of the folder is nobody's file.
    if os.sep in path.name or path.name in ("", ".", ".."):
        return found
    for file in _files(path):
        if len(inventory.sources) > MOST_FILES:
            notes.append((str(file), f"more than {MOST_FILES} files of variables: this one was left out"))
            break
        source = read(file, notes)
        if source is None:
            notes.append((str(file), "left out: it is no text"))
            continue
        inventory.sources.append(source)
        found |= read_variables(source, inventory)
    return found


def _files(path: Path) -> Iterator[Path]:
    """As Ansible looks: a file or folder of the name, or else the name with a suffix."""
    for each in (path, *(path.with_name(f"{path.name}{suffix}") for suffix in YAML_SUFFIXES)):
        if each.is_dir():
            yield from _below(each)
            return
        if each.is_file():
            yield each
            return


def _below(folder: Path) -> Iterator[Path]:
    for name in sorted(os.listdir(folder)):
        path = folder / name
        if name.startswith(".") or name.endswith("~") or path.suffix not in ("", *YAML_SUFFIXES):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _below(path)
        elif path.is_file():
            yield path
