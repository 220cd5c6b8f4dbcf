"""Networks of pods and services that hold other addresses."""

from collections.abc import Iterator

from twinkeel.audit.example_cluster import INVENTORY, KEEPALIVED
from twinkeel.audit.kubespray import (
    CONTROL_PLANE,
    Network,
    addresses_of,
    control_plane,
    each_inventory,
    group_place,
    network,
    nodes,
    setting,
    text,
    vips,
)
from twinkeel.audit.pair import Pair
from twinkeel.audit.rule import Example, Finding, Rule
from twinkeel.liveconfig.inventory import Inventory
from twinkeel.liveconfig.words import Place

# Kubespray's defaults.
DEFAULTS = {"kube_service_addresses": "10.233.0.0/18", "kube_pods_subnet": "10.233.64.0/18"}


def check(inventory: Inventory, pair: Pair) -> Iterator[Finding]:
    if not control_plane(inventory):
        return
    found = {name: _network(inventory, name) for name in DEFAULTS}
    services, pods = found["kube_service_addresses"], found["kube_pods_subnet"]
    if services and pods and services[0].version == pods[0].version and services[0].overlaps(pods[0]):
        yield Finding(
            f"the networks of services ({services[0]}) and pods ({pods[0]}) overlap", pods[1], ((services[1], "the services"),)
        )
    for kind, each in (("services", services), ("pods", pods)):
        if each is not None:
            yield from _inside(kind, *each, inventory, pair)


def _inside(kind: str, net: Network, place: Place, inventory: Inventory, pair: Pair) -> Iterator[Finding]:
    hosts = [
        (known, host, variable.value.place)
        for host in nodes(inventory)
        for known, variable in addresses_of(inventory, host).items()
    ]
    hosts += [(vip, "the virtual IP", word.place) for vip, word in vips(pair).items()]
    inside = [(known, host, where) for known, host, where in hosts if known.version == net.version and known in net]
    if inside:
        known, host, where = inside[0]
        yield Finding(f"the network of {kind} ({net}) holds {known}, the address of {host}", place, ((where, host),))


def _network(inventory: Inventory, name: str) -> tuple[Network, Place] | None:
    variable = setting(inventory, name)
    net = network(text(variable.value) if variable else DEFAULTS[name])
    place = variable.value.place if variable else group_place(inventory, *CONTROL_PLANE)
    return (net, place) if net is not None else None


RULE = Rule(
    name="overlapping-networks",
    severity="error",
    what="networks of pods and services (`kube_pods_subnet`, `kube_service_addresses`) that overlap, or hold a host's address "
    "or the virtual IP.",
    why="A packet to an address that two networks hold goes to one of them: to a pod that has the virtual IP's number, instead "
    "of the API. Kubespray only looks whether the pods' network lies within the services'; 10.233.0.0/16 over 10.233.0.0/18 "
    "passes.",
    fix="networks that nothing else uses",
    source="Kubespray's role validate_inventory, run",
    bad=Example(
        keepalived=KEEPALIVED,
        inventory=INVENTORY,
        group_vars="kube_service_addresses: «192.168.0.0/16»\nkube_pods_subnet: 10.233.64.0/18\n",
    ),
    good=Example(keepalived=KEEPALIVED, inventory=INVENTORY, group_vars="kube_service_addresses: 10.233.0.0/18\n"),
    check=each_inventory(check),
)
