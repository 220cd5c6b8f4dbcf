"""An even number of etcd members."""

from collections.abc import Iterator

from twinkeel.audit.example_cluster import INVENTORY
from twinkeel.audit.kubespray import ETCD, each_inventory, group_place
from twinkeel.audit.pair import Pair
from twinkeel.audit.rule import Example, Finding, Rule
from twinkeel.liveconfig.inventory import Inventory


def check(inventory: Inventory, pair: Pair) -> Iterator[Finding]:
    members = inventory.hosts_of(ETCD)
    if members and len(members) % 2 == 0:
        lost = (len(members) - 1) // 2
        yield Finding(
            f"etcd has {len(members)} members, and bears the loss of {lost}: no more than with {len(members) - 1}",
            group_place(inventory, ETCD),
        )


RULE = Rule(
    name="even-etcd",
    severity="error",
    what="an even number of hosts in the group `etcd`.",
    why="etcd needs more than half of its members. One more that makes the number even bears no loss more, and is one more "
    "that can be lost. Kubespray refuses such an inventory, unless its checks are switched off.",
    fix="three members, or five",
    source="etcd's documentation, FAQ, Why an odd number of cluster members; Kubespray's role validate_inventory",
    bad=Example(
        inventory=INVENTORY.replace(
            "    etcd:\n      children: {kube_control_plane: }", "    «etcd»:\n      hosts: {cp-1: , cp-2: }"
        )
    ),
    good=Example(inventory=INVENTORY),
    check=each_inventory(check),
)
