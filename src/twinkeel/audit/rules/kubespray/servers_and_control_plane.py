"""Servers of haproxy.cfg that are no control-plane hosts, and control-plane hosts that are no servers."""

from collections.abc import Iterator

from twinkeel.audit.example_cluster import HAPROXY, INVENTORY
from twinkeel.audit.kubernetes import api_backends
from twinkeel.audit.kubespray import Address, address, addresses_of, control_plane, each_inventory
from twinkeel.audit.pair import Host, Pair
from twinkeel.audit.rule import Example, Finding, Rule, at
from twinkeel.liveconfig.haproxy_model import Proxy
from twinkeel.liveconfig.inventory import Inventory


def check(inventory: Inventory, pair: Pair) -> Iterator[Finding]:
    members = {host: set(addresses_of(inventory, host)) for host in control_plane(inventory)}
    for host in pair.hosts:
        for backend in api_backends(host.haproxy) if host.haproxy else ():
            # By names nothing can be said: they lead where DNS has them lead.
            if members and all(members.values()) and all(address(server.address) for server in backend.servers):
                yield from _compared(backend, members, host, inventory)


def _compared(backend: Proxy, members: dict[str, set[Address]], host: Host, inventory: Inventory) -> Iterator[Finding]:
    known = {each for addresses in members.values() for each in addresses}
    served = {address(server.address) for server in backend.servers}
    for server in backend.servers:
        if address(server.address) not in known and server.address_word is not None:
            plane = inventory.place_in(inventory_group(inventory), next(iter(members)))
            yield at(
                server.address_word, f"{server.address} is no control-plane host of the inventory", (plane, "its control plane")
            )
    for name, addresses in members.items():
        if not addresses & served:
            yield Finding(f"{name} of the control plane is no server of backend {backend.name} on {host.name}", backend.place)


def inventory_group(inventory: Inventory) -> str:
    """The group that holds the control plane."""
    first = control_plane(inventory)[0]
    return next(name for name, group in inventory.groups.items() if first in group.hosts)


RULE = Rule(
    name="servers-and-control-plane",
    severity="error",
    what="servers of an API backend that are no hosts of `kube_control_plane`, and hosts of that group that are no servers.",
    why="A server that is no API server takes its share of the clients until its checks fail, and every one without checks. An "
    "API server that is missing gets no clients, and its cluster bears one loss less than it seems to.",
    fix="one server for each host of `kube_control_plane`, by its `access_ip` or `ip`",
    source="Kubespray's documentation, HA endpoints for K8s",
    bad=Example(
        haproxy=HAPROXY.replace("backend kubernetes", "«backend kubernetes»")
        .replace("192.168.1.103:6443", "«192.168.1.113:6443»")
        .replace("default_«backend kubernetes»", "default_backend kubernetes"),
        inventory=INVENTORY,
    ),
    good=Example(haproxy=HAPROXY, inventory=INVENTORY),
    check=each_inventory(check),
)
