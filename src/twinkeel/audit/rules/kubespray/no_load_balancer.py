"""A pair before the API that the cluster does not know of."""

from collections.abc import Iterator

from twinkeel.audit.example_cluster import GROUP_VARS, HAPROXY, INVENTORY
from twinkeel.audit.kubespray import CONTROL_PLANE, api_binds, control_plane, each_inventory, group_place, setting
from twinkeel.audit.pair import Pair
from twinkeel.audit.rule import Example, Finding, Rule
from twinkeel.liveconfig.inventory import Inventory


def check(inventory: Inventory, pair: Pair) -> Iterator[Finding]:
    binds = api_binds(pair)
    if binds and control_plane(inventory) and setting(inventory, "loadbalancer_apiserver") is None:
        place = group_place(inventory, *CONTROL_PLANE)
        yield Finding(
            "no loadbalancer_apiserver: the cluster's hosts do not use this pair", place, ((binds[0][1], "the pair's bind"),)
        )


RULE = Rule(
    name="no-load-balancer",
    severity="warning",
    what="an inventory without `loadbalancer_apiserver`, beside a haproxy.cfg before API servers.",
    why="Kubelets and kubectl on the hosts then reach the API through a proxy on each host, or the first control-plane host; "
    "admin.conf names that one. The pair only serves those who were told of it by hand.",
    fix="`loadbalancer_apiserver` with address and port of the pair, and `apiserver_loadbalancer_domain_name`",
    source="Kubespray's documentation, HA endpoints for K8s",
    bad=Example(haproxy=HAPROXY, inventory=INVENTORY.replace("kube_control_plane:\n", "«kube_control_plane»:\n", 1)),
    good=Example(haproxy=HAPROXY, inventory=INVENTORY, group_vars=GROUP_VARS),
    check=each_inventory(check),
)
