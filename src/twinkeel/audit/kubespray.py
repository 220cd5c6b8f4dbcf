"""What rules ask of Kubespray's inventory, and of the pair before the cluster. Pure."""

from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from twinkeel.audit.kubernetes import api_frontends
from twinkeel.audit.pair import Pair
from twinkeel.audit.rule import Check, Finding
from twinkeel.liveconfig.inventory import Inventory, Variable
from twinkeel.liveconfig.words import Place, Word
from twinkeel.liveconfig.yaml_tree import Value

API_PORT = 6443
# The groups' names up to Kubespray 2.15 had hyphens.
CONTROL_PLANE = ("kube_control_plane", "kube-control-plane", "kube-master", "kube_master")
NODES = ("kube_node", "kube-node")
ETCD = "etcd"
# A node's addresses, the first one that it has being what the others reach it at (Kubespray's main_access_ip).
ADDRESSES = ("access_ip", "ip", "ansible_host", "ansible_ssh_host", "access_ip6", "ip6")

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def each_inventory(check: Callable[[Inventory, Pair], Iterator[Finding]]) -> Check:
    """A check of every inventory, with the pair."""
    return lambda pair: (finding for inventory in pair.inventories for finding in check(inventory, pair))


def control_plane(inventory: Inventory) -> list[str]:
    """The control plane's hosts."""
    return list(dict.fromkeys(host for group in CONTROL_PLANE for host in inventory.hosts_of(group)))


def group_place(inventory: Inventory, *names: str) -> Place:
    """Where the first of these groups is named; the file's first host where none is."""
    places = (inventory.groups[name].place for name in names if name in inventory.groups)
    return next((place for place in places if place is not None), next(iter(inventory.hosts.values())).place)


def nodes(inventory: Inventory) -> list[str]:
    """Every host of the cluster: control plane, etcd and workers."""
    groups = (*CONTROL_PLANE, ETCD, *NODES)
    return list(dict.fromkeys(host for group in groups for host in inventory.hosts_of(group)))


def setting(inventory: Inventory, name: str) -> Variable | None:
    """A variable of the cluster, as the first control-plane host has it."""
    host = next(iter(control_plane(inventory)), None) or next(iter(inventory.hosts), None)
    return inventory.variable(host, name) if host else None


def text(value: Value | None) -> str | None:
    """A value as text; None where there is none, or where a template makes it: then it is not known here."""
    if value is None or value.data is None or isinstance(value.data, list | dict):
        return None
    stated = str(value.data).strip()
    return None if "{{" in stated or "{%" in stated else stated


def is_on(variable: Variable | None) -> bool:
    """Whether a switch is on, as Ansible's `bool` filter takes it."""
    stated = text(variable.value) if variable else None
    return stated is not None and stated.lower() in ("true", "yes", "on", "1")


def address(stated: str | None) -> Address | None:
    """An address; None for what is none (a name, a template)."""
    try:
        return ip_address(stated) if stated else None
    except ValueError:
        return None


def network(stated: str | None) -> Network | None:
    """A network; None for what is none."""
    try:
        return ip_network(stated, strict=False) if stated else None
    except ValueError:
        return None


def addresses_of(inventory: Inventory, host: str) -> dict[Address, Variable]:
    """A host's known addresses, with the variables that say them."""
    found: dict[Address, Variable] = {}
    for name in ADDRESSES:
        variable = inventory.variable(host, name)
        known = address(text(variable.value)) if variable else None
        if variable is not None and known is not None:
            found.setdefault(known, variable)
    return found


def vips(pair: Pair) -> dict[Address, Word]:
    """The pair's virtual IPs, with the first word that says each."""
    found: dict[Address, Word] = {}
    for host in pair.hosts:
        for instance in host.instances:
            for word, vip in instance.served:
                found.setdefault(vip.ip, word)
    return found


def api_binds(pair: Pair) -> list[tuple[int, Place]]:
    """The ports on which the pair takes clients of the API."""
    return [
        (port, bind.line.place)
        for host in pair.hosts
        if host.haproxy
        for front in api_frontends(host.haproxy)
        for bind in front.binds
        for _, port in bind.addresses
        if port is not None
    ]


def api_server_port(inventory: Inventory) -> int | None:
    """Where API servers listen; None where it is not known."""
    variable = setting(inventory, "kube_apiserver_port")
    if variable is None:
        return API_PORT
    stated = text(variable.value)
    return int(stated) if stated and stated.isdecimal() else None
