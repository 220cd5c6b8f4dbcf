"""API servers whose certificate does not hold the pair's address."""

from collections.abc import Iterator

from twinkeel.audit.example_cluster import GROUP_VARS, HAPROXY, INVENTORY, KEEPALIVED
from twinkeel.audit.kubespray import (
    CONTROL_PLANE,
    address,
    api_binds,
    control_plane,
    each_inventory,
    group_place,
    setting,
    text,
    vips,
)
from twinkeel.audit.pair import Pair
from twinkeel.audit.rule import Example, Finding, Rule
from twinkeel.liveconfig.inventory import Inventory
from twinkeel.liveconfig.yaml_tree import Value


def check(inventory: Inventory, pair: Pair) -> Iterator[Finding]:
    if not control_plane(inventory) or not api_binds(pair):
        return
    extra, balancer = setting(inventory, "supplementary_addresses_in_ssl_keys"), setting(inventory, "loadbalancer_apiserver")
    named = [*_listed(extra.value if extra else None), balancer.value.get("address") if balancer else None]
    made = (extra and not isinstance(extra.value.data, list)) or (balancer and not isinstance(balancer.value.data, dict))
    if made or any(each is not None and text(each) is None for each in named):
        # A template: what it becomes is not known here.
        return
    held = {address(text(each)) for each in named}
    place = extra.place if extra else group_place(inventory, *CONTROL_PLANE)
    for vip, word in vips(pair).items():
        if vip not in held:
            yield Finding(f"{vip} is not in the API servers' certificate", place, ((word.place, "the pair's virtual IP"),))


def _listed(value: Value | None) -> list[Value]:
    return value.items if value is not None and isinstance(value.items, list) else []


RULE = Rule(
    name="certificate-without-vip",
    severity="error",
    what="a virtual IP that is neither `loadbalancer_apiserver.address` nor in `supplementary_addresses_in_ssl_keys`.",
    why="Clients that ask the virtual IP refuse the certificate: `x509: certificate is valid for ..., not ...`. Kubespray puts "
    "both of these into it, and `apiserver_loadbalancer_domain_name`, which therefore needs no second place.",
    fix="the virtual IP in `supplementary_addresses_in_ssl_keys`; the next run of cluster.yml makes the certificates anew",
    source="Kubespray's role kubernetes/control-plane, the names of the API server's certificate",
    bad=Example(
        haproxy=HAPROXY,
        keepalived=KEEPALIVED,
        inventory=INVENTORY,
        group_vars="«supplementary_addresses_in_ssl_keys»: [192.168.1.11, api.example.org]\n",
    ),
    good=Example(haproxy=HAPROXY, keepalived=KEEPALIVED, inventory=INVENTORY, group_vars=GROUP_VARS),
    check=each_inventory(check),
)
