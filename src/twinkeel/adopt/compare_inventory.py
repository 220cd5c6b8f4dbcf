"""Variables and hosts of an inventory that the spec's own inventory does not have. Pure."""

from collections.abc import Iterator

from twinkeel.adopt.inventory import GROUPS, Inventory, Variable
from twinkeel.adopt.line_change import Change
from twinkeel.adopt.read_inventory import is_secret
from twinkeel.liveconfig.words import Place

# What an inventory says of a host, and rendered ones say in other words, or by another place.
_HOST_WORDS = {"ansible_host": ("ansible_host",), "ip": ("ip", "ansible_host"), "access_ip": ("access_ip", "ip")}
_KNOWN_GROUPS = frozenset((*(alias for aliases in GROUPS.values() for alias in aliases), "all", "k8s_cluster", "k8s-cluster"))


def compare_inventory(one: Inventory, other: Inventory) -> Iterator[Change]:
    """Every variable, host and group of `one` that `other` lacks or says otherwise. Values of secrets are not told."""
    for variable in one.variables.values():
        yield from _variable(variable, other.variables.get(variable.name), ("variable", variable.name))
    for variable in one.others:
        yield _change(variable, ("group-variable", variable.name))
    by_address = {_address(values): name for name, values in other.hosts.items()}
    for name, values in one.hosts.items():
        match = name if name in other.hosts else by_address.get(_address(values), "")
        if not match:
            yield Change(_host_place(one, name), ("host", name), name)
            continue
        for variable in values.values():
            words = _HOST_WORDS.get(variable.name, (variable.name,))
            beside = next((other.hosts[match][word] for word in words if word in other.hosts[match]), None)
            yield from _variable(variable, beside, ("host-variable", variable.name))
    for group, members in one.groups.items():
        if members and group not in _KNOWN_GROUPS:
            yield Change(next(iter(members.values())), ("group", group), group)


def _variable(variable: Variable, beside: Variable | None, context: tuple[str, ...]) -> Iterator[Change]:
    if beside is None or not _same(variable.value, beside.value):
        yield _change(variable, context, beside)


def _same(one: object, other: object) -> bool:
    """Names of certificates may stand in another order, and a version with its letter."""
    if isinstance(one, list) and isinstance(other, list):
        return {str(each) for each in one} <= {str(each) for each in other}
    if isinstance(one, dict) and isinstance(other, dict):
        return all(name in other and _same(value, other[name]) for name, value in one.items())
    return one == other or str(one).removeprefix("v") == str(other).removeprefix("v")


def _change(variable: Variable, context: tuple[str, ...], beside: Variable | None = None) -> Change:
    if is_secret(variable):
        return Change(variable.place, ("secret-variable", variable.name), f"{variable.name}: ********")
    text = f"{variable.name}: {variable.value}"
    counterpart = f"{beside.name}: {beside.value}" if beside else ""
    return Change(variable.place, context, text, counterpart, beside.place if beside else None)


def _address(values: dict[str, Variable]) -> str:
    return next((str(values[name].value) for name in ("ip", "ansible_host", "ip6") if name in values), "")


def _host_place(inventory: Inventory, name: str) -> Place:
    return next(members[name] for members in inventory.groups.values() if name in members)
