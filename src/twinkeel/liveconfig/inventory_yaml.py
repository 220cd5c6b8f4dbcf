"""An Ansible inventory in YAML, and files of variables. Pure."""

from twinkeel.liveconfig.host_patterns import BadPatternError, expand
from twinkeel.liveconfig.inventory import Inventory, Variable, Variables
from twinkeel.liveconfig.words import Place
from twinkeel.liveconfig.yaml_tree import Value, read_yaml
from twinkeel.source import SourceFile

DEEPEST_GROUP = 30
SECTIONS = ("vars", "children", "hosts")


def read_yaml_inventory(source: SourceFile, inventory: Inventory) -> None:
    """Put what a file says into an inventory. Never fails; what it does not understand is a remark."""
    whole, remarks = read_yaml(source)
    inventory.remarks += remarks
    if whole is None:
        return
    if not isinstance(whole.items, dict) or not isinstance(whole.data, dict):
        inventory.add_remark(whole.place, "an inventory is a mapping of groups: the file was left out")
        return
    for name, value in whole.items.items():
        _group(name, value, whole.key_places[name], inventory, 0)


def read_variables(source: SourceFile, inventory: Inventory) -> Variables:
    """The variables of a file of group_vars or host_vars."""
    whole, remarks = read_yaml(source)
    inventory.remarks += remarks
    if whole is None:
        return {}
    if not isinstance(whole.data, dict):
        if whole.data is not None:
            inventory.add_remark(whole.place, "variables are a mapping: the file was left out")
        return {}
    return _variables(whole)


def _variables(value: Value) -> Variables:
    items = value.items if isinstance(value.items, dict) else {}
    return {name: Variable(value.key_places[name], each) for name, each in items.items()}


def _group(name: str, value: Value, place: Place, inventory: Inventory, depth: int) -> None:
    if depth > DEEPEST_GROUP:
        inventory.add_remark(place, f"groups nest more than {DEEPEST_GROUP} deep: this one was left out")
        return
    if value.data is not None and not isinstance(value.data, dict):
        inventory.add_remark(place, "this is no group: it was left out")
        return
    group = inventory.group(name, place)
    for key in value.items if isinstance(value.items, dict) else ():
        section = value.get(key)
        if section is None or section.data is None:
            continue
        if key not in SECTIONS:
            inventory.add_remark(value.key_places[key], f"a group has vars, children and hosts, no {key}: it was left out")
            continue
        entries = _entries(section)
        if entries is None:
            inventory.add_remark(section.place, f"{key} is a mapping: Ansible refuses the file")
            continue
        for entry, (entry_place, item) in entries.items():
            if key == "vars":
                group.vars[entry] = Variable(entry_place, item)
            elif key == "children":
                group.children.setdefault(entry, entry_place)
                _group(entry, item, entry_place, inventory, depth + 1)
                # One that is no group is left out, and is nobody's child.
                if entry not in inventory.groups:
                    del group.children[entry]
            else:
                _hosts(entry, item, entry_place, name, inventory)


def _entries(section: Value) -> dict[str, tuple[Place, Value]] | None:
    """A section's entries; text stands for one without a value."""
    if isinstance(section.data, str):
        return {section.data: (section.place, Value(None, section.place))}
    if not isinstance(section.data, dict) or not isinstance(section.items, dict):
        return None
    return {name: (section.key_places[name], value) for name, value in section.items.items()}


def _hosts(pattern: str, value: Value, place: Place, group: str, inventory: Inventory) -> None:
    if inventory.is_full:
        return
    try:
        names, port = expand(pattern)
    except BadPatternError as error:
        inventory.add_remark(place, f"{error}: it was left out")
        return
    if value.data is not None and not isinstance(value.data, dict):
        inventory.add_remark(value.place, "a host's variables are a mapping: these were left out")
    inventory.add_hosts(names, port, _variables(value) if isinstance(value.data, dict) else {}, place, group)
