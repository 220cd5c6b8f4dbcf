"""A proxy on each host beside the pair."""

from collections.abc import Iterator

from twinkeel.audit.example_cluster import GROUP_VARS, INVENTORY
from twinkeel.audit.kubespray import each_inventory, is_on, setting
from twinkeel.audit.pair import Pair
from twinkeel.audit.rule import Example, Finding, Rule
from twinkeel.liveconfig.inventory import Inventory


def check(inventory: Inventory, pair: Pair) -> Iterator[Finding]:
    local, external = setting(inventory, "loadbalancer_apiserver_localhost"), setting(inventory, "loadbalancer_apiserver")
    if local is not None and is_on(local) and external is not None:
        related = ((external.place, "the pair"),)
        yield Finding("a proxy on each host and an external load balancer: the hosts may ask localhost", local.value.place, related)


RULE = Rule(
    name="local-and-external-balancer",
    severity="warning",
    what="`loadbalancer_apiserver_localhost` switched on together with `loadbalancer_apiserver`.",
    why="Kubespray installs a proxy on every worker besides, and kubeadm's controlPlaneEndpoint may become localhost: which of "
    "the two a kubelet asks depends on the release, and the pair's failover is not what it waits for.",
    fix="leave `loadbalancer_apiserver_localhost` out: without it Kubespray decides by `loadbalancer_apiserver`",
    source="Kubespray's documentation, HA endpoints for K8s; its templates, rendered",
    bad=Example(inventory=INVENTORY, group_vars=f"loadbalancer_apiserver_localhost: «true»\n{GROUP_VARS}"),
    good=Example(inventory=INVENTORY, group_vars=f"loadbalancer_apiserver_localhost: false\n{GROUP_VARS}"),
    check=each_inventory(check),
)
