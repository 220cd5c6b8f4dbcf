"""A port of the API on which the pair does not listen."""

from collections.abc import Iterator

from twinkeel.audit.example_cluster import GROUP_VARS, HAPROXY, INVENTORY
from twinkeel.audit.kubespray import api_binds, api_server_port, each_inventory, setting, text
from twinkeel.audit.pair import Pair
from twinkeel.audit.rule import Example, Finding, Rule
from twinkeel.liveconfig.inventory import Inventory


def check(inventory: Inventory, pair: Pair) -> Iterator[Finding]:
    balancer, binds = setting(inventory, "loadbalancer_apiserver"), api_binds(pair)
    if balancer is None or not binds or not isinstance(balancer.value.data, dict):
        return
    stated = balancer.value.get("port")
    written = text(stated)
    port = int(written) if written and written.isdecimal() else api_server_port(inventory) if stated is None else None
    if port is not None and port not in {bound for bound, _ in binds}:
        place = stated.place if stated is not None else balancer.place
        yield Finding(
            f"the cluster asks on port {port}, where the pair does not listen", place, ((binds[0][1], "the pair's bind"),)
        )


RULE = Rule(
    name="load-balancer-port",
    severity="error",
    what="a `loadbalancer_apiserver` whose port no frontend of the pair binds.",
    why="Every host of the cluster asks there. kubeadm waits for the API through this port, and the installation ends with a "
    "timeout. Without `port` it is `kube_apiserver_port`, 6443 by default.",
    fix="the port of the frontend's `bind`",
    source="Kubespray's defaults, kube_apiserver_endpoint",
    bad=Example(haproxy=HAPROXY, inventory=INVENTORY, group_vars=GROUP_VARS.replace("port: 6443", "port: «8443»")),
    good=Example(haproxy=HAPROXY, inventory=INVENTORY, group_vars=GROUP_VARS.replace("  port: 6443\n", "")),
    check=each_inventory(check),
)
