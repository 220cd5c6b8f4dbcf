"""An external load balancer without a name."""

from collections.abc import Iterator

from twinkeel.audit.example_cluster import GROUP_VARS, INVENTORY
from twinkeel.audit.kubespray import each_inventory, setting
from twinkeel.audit.pair import Pair
from twinkeel.audit.rule import Example, Finding, Rule
from twinkeel.liveconfig.inventory import Inventory


def check(inventory: Inventory, pair: Pair) -> Iterator[Finding]:
    balancer = setting(inventory, "loadbalancer_apiserver")
    if balancer is not None and setting(inventory, "apiserver_loadbalancer_domain_name") is None:
        yield Finding("no apiserver_loadbalancer_domain_name: hosts ask lb-apiserver.kubernetes.local", balancer.place)


RULE = Rule(
    name="unresolvable-endpoint",
    severity="warning",
    what="`loadbalancer_apiserver` without `apiserver_loadbalancer_domain_name`.",
    why="The API is then called lb-apiserver.kubernetes.local. Kubespray wrote that name into each host's /etc/hosts up to "
    "2.28 and does not any more: where no DNS server knows it, kubeadm ends with `no such host`.",
    fix="a name that DNS leads to the virtual IP, or the virtual IP itself",
    source="Kubespray's issue 12851",
    versions="Kubespray 2.29 and later",
    bad=Example(inventory=INVENTORY, group_vars="«loadbalancer_apiserver»:\n  address: 192.168.1.110\n  port: 6443\n"),
    good=Example(inventory=INVENTORY, group_vars=GROUP_VARS),
    check=each_inventory(check),
)
