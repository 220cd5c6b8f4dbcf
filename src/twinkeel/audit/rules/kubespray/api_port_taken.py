"""HAProxy and an API server on one host and port."""

from collections.abc import Iterator

from twinkeel.audit.example_cluster import HAPROXY, INVENTORY, KEEPALIVED
from twinkeel.audit.kubernetes import api_frontends
from twinkeel.audit.kubespray import (
    address,
    addresses_of,
    api_server_port,
    control_plane,
    each_inventory,
    setting,
)
from twinkeel.audit.pair import Host, Pair
from twinkeel.audit.rule import Example, Finding, Rule
from twinkeel.liveconfig.inventory import Inventory

_AT_192_168_1_101 = KEEPALIVED.replace(
    "    priority 200\n", "    priority 200\n    unicast_src_ip 192.168.1.101\n    unicast_peer {\n        192.168.1.102\n    }\n"
)


def check(inventory: Inventory, pair: Pair) -> Iterator[Finding]:
    port = api_server_port(inventory)
    if port is None or setting(inventory, "kube_apiserver_bind_address") is not None:
        return
    for host in pair.hosts:
        node = _node(host, inventory)
        for front in api_frontends(host.haproxy) if node and host.haproxy else ():
            for bind in front.binds:
                if port in {bound for _, bound in bind.addresses}:
                    there = inventory.place_in("all", node) if node else bind.line.place
                    yield Finding(
                        f"the API server of {node} takes port {port} of this host, too", bind.line.place, ((there, "the host"),)
                    )


def _node(host: Host, inventory: Inventory) -> str | None:
    """The control-plane host that a load balancer is, by its address or its name."""
    own = {address(instance.source.text) for instance in host.instances if instance.source}
    for name in control_plane(inventory):
        if name == host.name or own & set(addresses_of(inventory, name)):
            return name
    return None


RULE = Rule(
    name="api-port-taken",
    severity="error",
    what="a load balancer that is a host of `kube_control_plane`, with a `bind` on the API server's port.",
    why="API servers listen on every address of the port. The second one of the two does not start: HAProxy refuses its "
    "configuration, or kubeadm waits for an API server in vain. A `bind` on one address alone is no way out.",
    fix="another port for the frontend, as 8443, or `kube_apiserver_port`",
    source="bind(2): Address already in use; kube-apiserver's --bind-address",
    bad=Example(
        haproxy=HAPROXY.replace("bind *:6443", "«bind *:6443»"),
        keepalived=_AT_192_168_1_101,
        inventory=INVENTORY,
    ),
    good=Example(haproxy=HAPROXY.replace("bind *:6443", "bind *:8443"), keepalived=_AT_192_168_1_101, inventory=INVENTORY),
    check=each_inventory(check),
)
