"""The rules that a spec must keep beyond its model: small functions and the one list of them.

A rule's code is stable once released. `title` says what the rule is about, for the documentation.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from itertools import combinations
from math import log2

from twinkeel.diagnostic import Severity
from twinkeel.spec.document import Key
from twinkeel.spec.model import MONITOR_PORT, ClusterSpec, Host


@dataclass(frozen=True)
class Finding:
    """What a rule found, and the path of what is wrong; `at_key` points at the key instead of the value."""

    path: Key
    message: str
    hint: str
    at_key: bool = False
    related: tuple[tuple[Key, str], ...] = ()


@dataclass(frozen=True)
class Rule:
    """One check, with its code and how bad it is to break it."""

    code: str
    severity: Severity
    title: str
    check: Callable[[ClusterSpec], Iterator[Finding]]


@dataclass(frozen=True)
class _Place:
    """A host with the group that it stands in."""

    group: str
    name: str
    host: Host

    @property
    def key(self) -> Key:
        return (self.group, self.name)

    @property
    def address(self) -> Key:
        return (self.group, self.name, "address")


def _places(spec: ClusterSpec) -> Iterator[_Place]:
    groups = {"load_balancers": spec.load_balancers, "control_plane": spec.control_plane, "workers": spec.workers}
    for group, hosts in groups.items():
        for name, host in hosts.items():
            yield _Place(group, name, host)


def duplicate_name(spec: ClusterSpec) -> Iterator[Finding]:
    """A name in two groups would be one host in the inventory, and one folder of rendered files."""
    for first, second in combinations(_places(spec), 2):
        if first.name == second.name:
            yield Finding(
                second.key,
                f"the host name `{second.name}` is used twice",
                "give each host its own name",
                at_key=True,
                related=((first.address, "first used here"),),
            )


def duplicate_address(spec: ClusterSpec) -> Iterator[Finding]:
    """Two hosts with one address: traffic reaches whichever answers ARP first."""
    for first, second in combinations(_places(spec), 2):
        if first.host.address == second.host.address and not _shares_ports(first, second):
            yield Finding(
                second.address,
                f"`{second.name}` has the address of `{first.name}`: {second.host.address}",
                "give each host its own address",
                related=((first.address, f"`{first.name}` is here"),),
            )


def load_balancer_on_control_plane(spec: ClusterSpec) -> Iterator[Finding]:
    """An API server binds its port on every address, so HAProxy cannot have the same port on that machine."""
    for first, second in combinations(_places(spec), 2):
        if first.host.address == second.host.address and _shares_ports(first, second):
            yield Finding(
                second.address,
                f"`{second.name}` is the load balancer `{first.name}`: both would listen on their ports of {second.host.address}",
                "use a machine of its own for each load balancer; sharing one is not supported yet",
                related=((first.address, f"`{first.name}` is here"),),
            )


def _shares_ports(first: _Place, second: _Place) -> bool:
    return (first.group, second.group) == ("load_balancers", "control_plane")


def unusable_address(spec: ClusterSpec) -> Iterator[Finding]:
    """Loopback, multicast and the like are never one machine's address on a network."""
    for place in _places(spec):
        if _unusable(place.host.address):
            yield Finding(
                place.address,
                f"{place.host.address} cannot be a host's address ({_unusable(place.host.address)})",
                "write the address that the other hosts reach it at",
            )
    if _unusable(spec.endpoint.vip.ip):
        yield Finding(
            ("endpoint", "vip"),
            f"{spec.endpoint.vip.ip} cannot be a virtual IP ({_unusable(spec.endpoint.vip.ip)})",
            "choose a free address of the load balancers' subnet",
        )


def _unusable(address: IPv4Address) -> str:
    kinds = {
        "loopback": address.is_loopback,
        "multicast": address.is_multicast,
        "link-local": address.is_link_local,
        "unspecified": address.is_unspecified,
        "reserved": address.is_reserved,
    }
    return next((kind for kind, holds in kinds.items() if holds), "")


def vip_without_prefix(spec: ClusterSpec) -> Iterator[Finding]:
    """Without a prefix keepalived sets a /32, and the load balancers' subnet cannot be compared with anything."""
    if spec.endpoint.vip.network.prefixlen == 32:
        yield Finding(
            ("endpoint", "vip"),
            "the virtual IP has no prefix length of a subnet",
            f"add the one of the load balancers' network, such as {spec.endpoint.vip.ip}/24",
        )


def vip_is_a_host(spec: ClusterSpec) -> Iterator[Finding]:
    """The virtual IP moves; a host's own address must not."""
    for place in _places(spec):
        if place.host.address == spec.endpoint.vip.ip:
            yield Finding(
                ("endpoint", "vip"),
                f"the virtual IP is the address of `{place.name}`",
                "choose an address that no machine has",
                related=((place.address, f"`{place.name}` is here"),),
            )


def first_or_last_address(spec: ClusterSpec) -> Iterator[Finding]:
    """The first and the last address of a subnet mean the network and everyone in it."""
    network = spec.endpoint.vip.network
    if network.prefixlen >= 31:
        return
    ends = {network.network_address: "network", network.broadcast_address: "broadcast"}
    placed: list[tuple[Key, IPv4Address]] = [(("endpoint", "vip"), spec.endpoint.vip.ip)]
    placed += [(place.address, place.host.address) for place in _places(spec) if place.group == "load_balancers"]
    for path, address in placed:
        if address in ends:
            yield Finding(
                path,
                f"{address} is the {ends[address]} address of {network}",
                "choose an address between the first and the last, or correct the virtual IP's prefix length",
            )


def load_balancer_outside_subnet(spec: ClusterSpec) -> Iterator[Finding]:
    """The virtual IP is announced by ARP, which no router passes on."""
    network = spec.endpoint.vip.network
    if network.prefixlen == 32:
        return
    for place in _places(spec):
        if place.group == "load_balancers" and place.host.address not in network:
            yield Finding(
                place.address,
                f"`{place.name}` is outside the virtual IP's subnet {network}",
                "put the load balancers and the virtual IP into one subnet, or correct the prefix length",
                related=(((("endpoint", "vip")), "the virtual IP"),),
            )


def address_inside_cluster_networks(spec: ClusterSpec) -> Iterator[Finding]:
    """Every node routes these networks into the cluster: a machine with such an address becomes unreachable."""
    networks = {"pod_network": spec.kubernetes.pod_network, "service_network": spec.kubernetes.service_network}
    for name, network in networks.items():
        for path, label, address in _fixed_addresses(spec):
            if address in network:
                yield Finding(
                    path,
                    f"{label} {address} is inside kubernetes.{name} {network}",
                    f"choose another kubernetes.{name}",
                    related=((("kubernetes", name), f"{name} is set here"),) if _is_set(spec, name) else (),
                )


def _fixed_addresses(spec: ClusterSpec) -> Iterator[tuple[Key, str, IPv4Address]]:
    yield ("endpoint", "vip"), "the virtual IP", spec.endpoint.vip.ip
    for place in _places(spec):
        yield place.address, f"`{place.name}`", place.host.address
    if spec.dns.server is not None:
        yield ("dns", "server"), "the DNS server", spec.dns.server


def _is_set(spec: ClusterSpec, name: str) -> bool:
    return name in spec.kubernetes.model_fields_set


def overlapping_networks(spec: ClusterSpec) -> Iterator[Finding]:
    """Kubespray itself misses a service network that lies inside a larger pod network."""
    pods, services = spec.kubernetes.pod_network, spec.kubernetes.service_network
    if pods.overlaps(services):
        at = "pod_network" if _is_set(spec, "pod_network") else "service_network"
        yield Finding(
            ("kubernetes", at),
            f"pod_network {pods} and service_network {services} overlap",
            "choose two networks that share no address",
        )


def small_pod_network(spec: ClusterSpec) -> Iterator[Finding]:
    """Kubespray gives every node a /24 of the pod network and refuses to start when they do not suffice."""
    pods: IPv4Network = spec.kubernetes.pod_network
    nodes = len(spec.control_plane) + len(spec.workers)
    room = 2 ** (24 - pods.prefixlen) if pods.prefixlen <= 24 else 0
    if room < nodes:
        yield Finding(
            ("kubernetes", "pod_network"),
            f"{pods} has room for {room} nodes, a /24 each; the cluster has {nodes}",
            f"use a network of /{24 - max(0, int(log2(max(nodes, 1) - 0.5)) + 1)} or larger",
        )


def even_control_plane(spec: ClusterSpec) -> Iterator[Finding]:
    """etcd runs on the control plane and needs a majority: a fourth member adds a way to fail, not one to survive."""
    count = len(spec.control_plane)
    if count % 2 == 0:
        yield Finding(
            ("control_plane",),
            f"{count} control-plane hosts: etcd needs an odd number",
            f"use {count - 1} or {count + 1}",
            at_key=True,
        )


def single_control_plane(spec: ClusterSpec) -> Iterator[Finding]:
    """One API server cannot be made to survive its host by load balancers."""
    if len(spec.control_plane) == 1:
        yield Finding(
            ("control_plane",), "one control-plane host: the API is lost with it", "use 3 to survive the loss of one", at_key=True
        )


def single_load_balancer(spec: ClusterSpec) -> Iterator[Finding]:
    """Nobody is there to take the virtual IP."""
    if len(spec.load_balancers) == 1:
        yield Finding(
            ("load_balancers",), "one load balancer: the API is unreachable while it is down", "add a second one", at_key=True
        )


def host_called_bastion(spec: ClusterSpec) -> Iterator[Finding]:
    """Kubespray turns on an SSH proxy when the inventory has a host of this name."""
    for place in _places(spec):
        if place.name == "bastion":
            yield Finding(place.key, "Kubespray gives the name `bastion` a meaning of its own", "choose another name", at_key=True)


def manual_dns_without_server(spec: ClusterSpec) -> Iterator[Finding]:
    """`manual` installs no DNS in the cluster."""
    if spec.dns.mode == "manual" and spec.dns.server is None:
        yield Finding(("dns", "mode"), "`manual` needs the DNS server that pods use", "add `server: ADDRESS` to `dns`")


def unused_dns_server(spec: ClusterSpec) -> Iterator[Finding]:
    """A server beside another mode is read by nobody."""
    if spec.dns.mode != "manual" and spec.dns.server is not None:
        yield Finding(
            ("dns", "server"), f"dns.server means nothing while dns.mode is {spec.dns.mode}", "set `mode: manual`, or delete it"
        )


def kubernetes_version(spec: ClusterSpec) -> Iterator[Finding]:
    """Kubespray compares it with its list of checksums, which has no leading v and three parts."""
    version = spec.kubernetes.version
    if version.startswith("v"):
        yield Finding(("kubernetes", "version"), f"`{version}` has a leading v", f"write {version[1:]}: Kubespray refuses the v")
    elif not re.fullmatch(r"\d+\.\d+\.\d+", version):
        yield Finding(("kubernetes", "version"), f"`{version}` is not a version of three parts", "write it like 1.35.4")


def kubespray_tag(spec: ClusterSpec) -> Iterator[Finding]:
    """A tag of the Kubespray repository."""
    if not re.fullmatch(r"v\d+\.\d+\.\d+", spec.kubernetes.kubespray):
        yield Finding(("kubernetes", "kubespray"), f"`{spec.kubernetes.kubespray}` is not a release's tag", "write it like v2.31.0")


def endpoint_name(spec: ClusterSpec) -> Iterator[Finding]:
    """Certificates and every kubeconfig hold this name, and it must resolve to the virtual IP."""
    name, path = spec.endpoint.name, ("endpoint", "name")
    if re.fullmatch(r"[0-9.]+", name):
        if name != str(spec.endpoint.vip.ip):
            yield Finding(path, f"the endpoint is named by an address that is not the virtual IP: {name}", "write a DNS name")
        return
    if "." not in name:
        yield Finding(path, f"`{name}` has no domain", f"write {name}.{spec.domain}: not every resolver adds a domain")
    for place in _places(spec):
        if name in (place.name, f"{place.name}.{spec.domain}"):
            yield Finding(
                path,
                f"`{name}` is the name of the host `{place.name}`",
                "choose a name that resolves to the virtual IP",
                related=((place.address, f"`{place.name}` is here"),),
            )


def endpoint_port(spec: ClusterSpec) -> Iterator[Finding]:
    """HAProxy listens on every address, so nothing else on a load balancer may have the port."""
    taken = {MONITOR_PORT: "HAProxy's own loopback listener has it"}
    for name, host in spec.load_balancers.items():
        taken[host.ssh_port or spec.ssh.port] = f"SSH on `{name}` has it"
    if spec.endpoint.port in taken:
        yield Finding(
            ("endpoint", "port"), f"port {spec.endpoint.port} is taken: {taken[spec.endpoint.port]}", "choose another, such as 6443"
        )


def power_without_host(spec: ClusterSpec) -> Iterator[Finding]:
    """One command for every host would switch off the wrong one."""
    if spec.power is None:
        return
    for field in ("off", "on"):
        if "{host}" not in getattr(spec.power, field):
            yield Finding(
                ("power", field), f"the command to switch power {field} does not name a host", "put {host} where the name goes"
            )


RULES = (
    Rule("S020", "error", "host names are unique", duplicate_name),
    Rule("S021", "error", "host addresses are unique", duplicate_address),
    Rule("S022", "error", "a load balancer is not a control-plane host", load_balancer_on_control_plane),
    Rule("S023", "error", "addresses are usable", unusable_address),
    Rule("S024", "error", "the virtual IP has a prefix length", vip_without_prefix),
    Rule("S025", "error", "the virtual IP is nobody's address", vip_is_a_host),
    Rule("S026", "error", "no address is a subnet's first or last", first_or_last_address),
    Rule("S027", "error", "load balancers are in the virtual IP's subnet", load_balancer_outside_subnet),
    Rule("S028", "error", "machines are outside the cluster's own networks", address_inside_cluster_networks),
    Rule("S029", "error", "the cluster's own networks do not overlap", overlapping_networks),
    Rule("S030", "error", "the pod network has room for every node", small_pod_network),
    Rule("S031", "error", "the number of control-plane hosts is odd", even_control_plane),
    Rule("S032", "warning", "there is more than one control-plane host", single_control_plane),
    Rule("S033", "warning", "there is more than one load balancer", single_load_balancer),
    Rule("S034", "error", "no host is called bastion", host_called_bastion),
    Rule("S035", "error", "manual DNS has a server", manual_dns_without_server),
    Rule("S036", "warning", "a DNS server is used", unused_dns_server),
    Rule("S037", "error", "the Kubernetes version has three parts and no v", kubernetes_version),
    Rule("S038", "error", "the Kubespray release is a tag", kubespray_tag),
    Rule("S039", "error", "the endpoint's name is a name of its own", endpoint_name),
    Rule("S040", "error", "the endpoint's port is free on the load balancers", endpoint_port),
    Rule("S041", "error", "power commands name the host", power_without_host),
)
"""Every rule, in the order in which they run."""
