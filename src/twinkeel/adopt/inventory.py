"""A Kubespray inventory: hosts, groups and variables, each with its place. Pure; Ansible's templates stay as they are."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from twinkeel.errors import UsageError
from twinkeel.liveconfig.inventory import Inventory as Parsed
from twinkeel.liveconfig.inventory import Variables
from twinkeel.liveconfig.inventory_yaml import read_variables, read_yaml_inventory
from twinkeel.liveconfig.words import Place
from twinkeel.liveconfig.yaml_tree import NO_YAML
from twinkeel.source import SourceFile

# Old names of Kubespray's groups (before 2.21) beside today's.
GROUPS = {
    "kube_control_plane": ("kube_control_plane", "kube-master", "kube_master"),
    "etcd": ("etcd",),
    "kube_node": ("kube_node", "kube-node"),
}
_NO_HOST = "name Kubespray's hosts.yaml or inventory.ini, or its folder"
READ_GROUPS = ("all", "k8s_cluster", "k8s-cluster")
"""Groups whose variables are read; the later one counts."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable's value and where it is set. `secret`: it is encrypted, and its value is not known."""

    name: str
    value: Any
    place: Place
    secret: bool = False


@dataclass
class Inventory:
    """Hosts with their variables, groups with their hosts in order, and the variables of all hosts.

    `others` are variables of groups that the spec does not speak of.
    """

    hosts: dict[str, dict[str, Variable]] = field(default_factory=dict)
    groups: dict[str, dict[str, Place]] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    others: list[Variable] = field(default_factory=list)

    def members(self, group: str) -> list[str]:
        """The hosts of one of GROUPS, in order, those of groups inside it, too."""
        return list(dict.fromkeys(name for alias in GROUPS[group] for name in self.groups.get(alias, {})))

    def value(self, name: str) -> Any:
        """A variable's value; None where it is not set."""
        found = self.variables.get(name)
        return found.value if found else None


def parse_inventory(hosts: SourceFile, variables: Sequence[tuple[str, SourceFile]]) -> Inventory:
    """The inventory of a hosts file in YAML and of its group_vars, each with its group's name.

    Raises UsageError for text that is no YAML, or no inventory.
    """
    parsed = Parsed([hosts])
    read_yaml_inventory(hosts, parsed)
    for group_name, source in variables:
        parsed.group(group_name).file_vars |= read_variables(source, parsed)
    return of_parsed(parsed)


def of_parsed(parsed: Parsed) -> Inventory:
    """The same of an inventory that the audit's reader has read, whatever form it has. Raises UsageError as above."""
    unread = next((each for each in parsed.remarks if each.text.startswith(NO_YAML)), None)
    if unread is not None:
        raise UsageError(unread.text, where=str(unread.place), hint="an inventory in INI form is called inventory.ini")
    inventory = Inventory(hosts={name: _plain(host.vars | host.file_vars) for name, host in parsed.hosts.items()})
    for name in parsed.groups:
        # `ungrouped` is always there.
        if hosts := parsed.hosts_of(name):
            inventory.groups[name] = {host: parsed.place_in(name, host) for host in hosts}
    in_order = [
        *(name for name in READ_GROUPS if name in parsed.groups),
        *(name for name in parsed.groups if name not in READ_GROUPS),
    ]
    for name in in_order:
        found = _plain(parsed.groups[name].vars | parsed.groups[name].file_vars)
        if name in READ_GROUPS:
            inventory.variables |= found
        else:
            inventory.others += found.values()
    if not inventory.hosts:
        raise UsageError("no host is in this inventory", where=parsed.main.name, hint=_NO_HOST)
    return inventory


def _plain(variables: Variables) -> dict[str, Variable]:
    return {name: Variable(name, each.value.data, each.place, _is_encrypted(each.value.data)) for name, each in variables.items()}


def _is_encrypted(data: Any) -> bool:
    """By the head of ansible-vault, which says so whatever the tag."""
    return isinstance(data, str) and data.startswith("$ANSIBLE_VAULT;")
