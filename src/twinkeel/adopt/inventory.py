"""A Kubespray inventory in YAML: hosts, groups and variables, each with its place. Pure; Ansible's templates stay as they are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq, TaggedScalar
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarbool import ScalarBoolean
from ruamel.yaml.scalarfloat import ScalarFloat
from ruamel.yaml.scalarint import ScalarInt

from twinkeel.errors import UsageError
from twinkeel.liveconfig.inventory import Inventory as Parsed
from twinkeel.liveconfig.inventory import Variables
from twinkeel.liveconfig.words import Place
from twinkeel.source import SourceFile, Span

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
    """The inventory of a hosts file and of its group_vars, each with its group's name.

    Raises UsageError for text that is no YAML, or no inventory.
    """
    inventory = Inventory()
    tree = _load(hosts)
    for name, group in tree.items():
        _group(inventory, hosts, str(name), group, ())
    for group_name, source in variables:
        for variable in _variables(source, _load(source)):
            if group_name in READ_GROUPS:
                inventory.variables[variable.name] = variable
            else:
                inventory.others.append(variable)
    if not inventory.hosts:
        raise UsageError("no host is in this inventory", where=hosts.name, hint=_NO_HOST)
    return inventory


def of_parsed(parsed: Parsed) -> Inventory:
    """The same of an inventory that the audit's reader has read, whatever form it has."""
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


def _load(source: SourceFile) -> CommentedMap:
    reader = YAML()
    # As Ansible reads it: `yes` is true.
    reader.version = (1, 1)
    try:
        tree = reader.load(source.text)
    except (YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{source.name}:{mark.line + 1}:{mark.column + 1}" if mark else source.name
        raise UsageError("this is not YAML", where=where, hint="an inventory in INI form is called inventory.ini") from None
    if tree is not None and not isinstance(tree, CommentedMap):
        raise UsageError("this is no inventory: it has no `key: value` lines", where=source.name)
    return tree if tree is not None else CommentedMap()


def _group(inventory: Inventory, source: SourceFile, name: str, group: Any, around: tuple[str, ...]) -> None:
    if not isinstance(group, CommentedMap) or len(around) > 32:
        return
    within = (*around, name)
    hosts = group.get("hosts")
    for host, values in hosts.items() if isinstance(hosts, CommentedMap) else ():
        known = inventory.hosts.setdefault(str(host), {})
        known |= {variable.name: variable for variable in _variables(source, values)}
        for each in within:
            inventory.groups.setdefault(each, {}).setdefault(str(host), _place(source, hosts, host))
    for variable in _variables(source, group.get("vars")):
        if name in READ_GROUPS:
            inventory.variables[variable.name] = variable
        else:
            inventory.others.append(variable)
    children = group.get("children")
    for child, inner in children.items() if isinstance(children, CommentedMap) else ():
        _group(inventory, source, str(child), inner, within)


def _variables(source: SourceFile, values: Any) -> Iterator[Variable]:
    for name, value in values.items() if isinstance(values, CommentedMap) else ():
        yield Variable(str(name), plain(value), _place(source, values, name), isinstance(value, TaggedScalar))


def _place(source: SourceFile, values: CommentedMap, name: Any) -> Place:
    try:
        line, column = values.lc.key(name)
    except KeyError:
        # Merged in from an anchor.
        line, column = values.lc.line, values.lc.col
    return Place(source, Span(line + 1, column + 1, max(len(str(name)), 1)))


def plain(value: Any) -> Any:
    """A value without the reader's own types."""
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, CommentedSeq | list):
        return [plain(item) for item in value]
    if isinstance(value, ScalarBoolean | bool):
        return bool(value)
    if isinstance(value, ScalarInt):
        return int(value)
    if isinstance(value, ScalarFloat):
        return float(value)
    return value if value is None or isinstance(value, int | float) else str(value)
