"""Names that Kubernetes does not take, or Kubespray takes for something else."""

import re
from collections.abc import Iterator

from twinkeel.audit.example_cluster import INVENTORY
from twinkeel.audit.kubespray import each_inventory, nodes
from twinkeel.audit.pair import Pair
from twinkeel.audit.rule import Example, Finding, Rule
from twinkeel.liveconfig.inventory import Inventory

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


def check(inventory: Inventory, pair: Pair) -> Iterator[Finding]:
    for host in nodes(inventory):
        place = inventory.hosts[host].place
        if not _NAME.fullmatch(host):
            yield Finding(f"{host} is no name of a Kubernetes node: those have small letters, digits, hyphens and dots", place)
        elif host == "bastion":
            yield Finding("a node that is called bastion: Kubespray reaches every other host through it", place)


RULE = Rule(
    name="bad-node-name",
    severity="error",
    what="a host of the cluster whose name has capitals, underscores or other signs, or is `bastion`.",
    why="The inventory's name becomes the node's. kubelet registers a name in small letters alone, so Kubespray waits for a "
    "node that never comes. With a host called `bastion` it writes an SSH configuration that leads all others through it.",
    fix="a name as DNS has it, in small letters",
    source="Kubernetes' documentation, Object Names and IDs (RFC 1123); Kubespray's role bastion-ssh-config",
    bad=Example(inventory=INVENTORY.replace("    cp-1: {", "    «Master_1»: {").replace("{cp-1: ,", "{Master_1: ,")),
    good=Example(inventory=INVENTORY),
    check=each_inventory(check),
)
