"""An Ansible inventory: groups, hosts and variables, each with its place, and which value counts. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from twinkeel.liveconfig.words import Place, Remark
from twinkeel.liveconfig.yaml_tree import Value
from twinkeel.source import SourceFile

ALL, UNGROUPED = "all", "ungrouped"
MOST_REMARKS = 100
MOST_MENTIONS = 100_000
"""How often hosts may be named in groups: twenty groups of the largest cluster that Kubernetes bears."""

PRIORITY = "ansible_group_priority"


@dataclass(slots=True)
class Variable:
    """A variable: where its name stands, and its value."""

    place: Place
    value: Value


Variables = dict[str, Variable]


@dataclass(slots=True)
class Group:
    """A group; `hosts` and `children` are its own, with where they were named first. `file_vars` are those of group_vars."""

    name: str
    place: Place | None = None
    hosts: dict[str, Place] = field(default_factory=dict)
    children: dict[str, Place] = field(default_factory=dict)
    vars: Variables = field(default_factory=dict)
    file_vars: Variables = field(default_factory=dict)


@dataclass(slots=True)
class InventoryHost:
    """A host, with its own variables; `place` is where it was named first. `file_vars` are those of host_vars."""

    name: str
    place: Place
    vars: Variables = field(default_factory=dict)
    file_vars: Variables = field(default_factory=dict)


@dataclass
class Inventory:
    """Everything that the files say. The first source is the one that names the hosts."""

    sources: list[SourceFile] = field(default_factory=list)
    groups: dict[str, Group] = field(default_factory=lambda: {ALL: Group(ALL), UNGROUPED: Group(UNGROUPED)})
    hosts: dict[str, InventoryHost] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)
    mentions: int = 0
    _orders: dict[str, list[str]] = field(default_factory=dict, repr=False)

    def add_remark(self, place: Place, text: str) -> None:
        """Something that is not understood; a file of nonsense is told of so often, and no more."""
        if len(self.remarks) < MOST_REMARKS:
            self.remarks.append(Remark(place, text))
        elif len(self.remarks) == MOST_REMARKS:
            self.remarks.append(Remark(place, f"more than {MOST_REMARKS} places are not understood: the others are not listed"))

    @property
    def main(self) -> SourceFile:
        """The file that names the hosts."""
        return self.sources[0]

    def group(self, name: str, place: Place | None = None) -> Group:
        """The group of a name, made where there is none."""
        found = self.groups.setdefault(name, Group(name))
        found.place = found.place or place
        return found

    @property
    def is_full(self) -> bool:
        """Whether more hosts were named than are read; that was told."""
        return self.mentions > MOST_MENTIONS

    def add_hosts(self, names: list[str], port: int | None, variables: Variables, place: Place, group: str) -> None:
        """Hosts that a group names. A port is heard where a host is named first, as Ansible has it."""
        self.mentions += len(names)
        if self.is_full:
            self.add_remark(place, f"hosts are named more than {MOST_MENTIONS} times: these were left out")
            return
        for name in names:
            new = name not in self.hosts
            host = self.add_host(name, place, group)
            if new and port is not None:
                host.vars["ansible_port"] = Variable(place, Value(port, place))
            host.vars |= variables

    def add_host(self, name: str, place: Place, group: str) -> InventoryHost:
        """A host that a group names."""
        self.groups[group].hosts.setdefault(name, place)
        return self.hosts.setdefault(name, InventoryHost(name, place))

    def hosts_of(self, group: str) -> list[str]:
        """The hosts of a group and of the groups in it, each once, in order."""
        if group == ALL:
            return list(self.hosts)
        below = (self.groups[name] for name in self._below(group) if name in self.groups)
        return list(dict.fromkeys(name for each in below for name in each.hosts))

    def place_in(self, group: str, host: str) -> Place:
        """Where a group, or one in it, names a host."""
        for name in self._below(group):
            if host in self.groups[name].hosts:
                return self.groups[name].hosts[host]
        return self.hosts[host].place

    def variable(self, host: str, name: str) -> Variable | None:
        """The variable that counts for a host."""
        found = None
        for variables in self._layers(host):
            found = variables.get(name, found)
        return found

    def variables(self, host: str) -> Variables:
        """All that count for a host."""
        merged: Variables = {}
        for variables in self._layers(host):
            merged |= variables
        return merged

    def _layers(self, host: str) -> Iterator[Variables]:
        """From what counts least to what counts most (Ansible's documentation, "Understanding variable precedence")."""
        order = self._order(host)
        yield self.groups[ALL].vars
        yield from (self.groups[name].vars for name in order)
        yield self.groups[ALL].file_vars
        yield from (self.groups[name].file_vars for name in order)
        yield self.hosts[host].vars
        yield self.hosts[host].file_vars

    def _order(self, host: str) -> list[str]:
        """The host's groups without `all`: the deepest one counts most, then the one of the higher priority, then by name."""
        if host not in self._orders:
            names = self._groups_of(host)
            depths = self._depths()
            self._orders[host] = sorted(names, key=lambda name: (depths.get(name, 0), self._priority(name), name))
        return self._orders[host]

    def _groups_of(self, host: str) -> set[str]:
        parents = self._parents
        waiting = [group.name for group in self.groups.values() if host in group.hosts and group.name != ALL]
        found: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name not in found and name != ALL:
                found.add(name)
                waiting += parents.get(name, [])
        return found or {UNGROUPED}

    @property
    def _parents(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for group in self.groups.values():
            for child in group.children:
                found.setdefault(child, []).append(group.name)
        return found

    def _depths(self) -> dict[str, int]:
        """How deep each group lies below `all`, by its longest way; a loop counts once."""
        depths = dict.fromkeys(self.groups, 1)
        depths[ALL] = 0
        for _ in range(len(self.groups)):
            changed = False
            for group in self.groups.values():
                for child in group.children:
                    deeper = min(depths[group.name] + 1, len(self.groups))
                    if child in depths and child != ALL and depths[child] < deeper:
                        depths[child], changed = deeper, True
            if not changed:
                break
        return depths

    def _priority(self, name: str) -> int:
        found = self.groups[name].vars.get(PRIORITY)
        data = found.value.data if found else 1
        return int(data) if isinstance(data, int | float) or (isinstance(data, str) and data.isdecimal()) else 1

    def _below(self, group: str) -> list[str]:
        found: dict[str, None] = {}
        waiting = [group]
        while waiting:
            name = waiting.pop(0)
            if name in self.groups and name not in found:
                found[name] = None
                waiting += self.groups[name].children
        return list(found)
