"""One address for two hosts."""

from collections.abc import Iterator

from twinkeel.audit.example_cluster import INVENTORY
from twinkeel.audit.kubespray import address, each_inventory, nodes, text
from twinkeel.audit.pair import Pair
from twinkeel.audit.rule import Example, Finding, Rule
from twinkeel.liveconfig.inventory import Inventory, Variable


def check(inventory: Inventory, pair: Pair) -> Iterator[Finding]:
    for name in ("ip", "access_ip", "ip6", "access_ip6"):
        first: dict[object, tuple[str, Variable]] = {}
        for host in nodes(inventory):
            variable = inventory.variable(host, name)
            known = address(text(variable.value)) if variable else None
            if variable is None or known is None:
                continue
            other, place = first.setdefault(known, (host, variable))
            if other != host:
                yield Finding(f"{host} has the {name} of {other}", variable.value.place, ((place.value.place, other),))


RULE = Rule(
    name="duplicate-node-address",
    severity="error",
    what="two hosts of the cluster with the same `ip`, `access_ip`, `ip6` or `access_ip6`.",
    why="Mostly a line that was copied, or a variable of a group that belongs to each host. etcd's members and the "
    "certificates are made with this address; Kubespray does not look.",
    fix="each host's own address, at the host",
    source="Kubespray's documentation, inventory; its role validate_inventory, which does not ask",
    bad=Example(inventory=INVENTORY.replace("cp-3: {ip: 192.168.1.103}", "cp-3: {ip: «192.168.1.102»}")),
    good=Example(inventory=INVENTORY),
    check=each_inventory(check),
)
