"""Rules about the networks inside the cluster."""

from collections.abc import Iterator
from itertools import combinations
from math import log2

from twinkeel.spec.document import Key
from twinkeel.spec.fields import IPAddress, IPNetwork
from twinkeel.spec.model import ClusterSpec
from twinkeel.spec.rule import Finding, is_set, places
from twinkeel.spec.service_rules import address_of
from twinkeel.spec.variable_rules import is_false

# What Kubespray gives every node, and the variable that says otherwise.
NODE_PREFIXES = {4: 24, 6: 120}
_PREFIX_VARIABLES = {4: "kube_network_node_prefix", 6: "kube_network_node_prefix_ipv6"}
# kube-apiserver takes service networks of 20 bits at most; kube-controller-manager takes 65,536 node networks at most.
MOST_SERVICE_BITS = 20
MOST_NODE_BITS = 16


def address_inside_cluster_networks(spec: ClusterSpec) -> Iterator[Finding]:
    """Every node routes these networks into the cluster: a machine with such an address becomes unreachable."""
    networks = dict(_networks(spec))
    for path, label, address in _fixed_addresses(spec):
        for name, network in networks.items():
            if address in network:
                yield Finding(
                    path,
                    f"{label} {address} is inside kubernetes.{name} {network}",
                    f"choose another kubernetes.{name}",
                    related=_place(spec, name),
                )


def _networks(spec: ClusterSpec) -> Iterator[tuple[str, IPNetwork]]:
    for name in ("pod_network", "service_network", "pod_network6", "service_network6"):
        network = getattr(spec.kubernetes, name)
        if network is not None:
            yield name, network


def _place(spec: ClusterSpec, name: str) -> tuple[tuple[Key, str], ...]:
    return ((("kubernetes", name), f"{name} is set here"),) if is_set(spec, "kubernetes", name) else ()


def _fixed_addresses(spec: ClusterSpec) -> Iterator[tuple[Key, str, IPAddress]]:
    for path, vip in spec.endpoint.virtual_ips():
        yield path, "the virtual IP", vip.address.ip
    for place in places(spec):
        for path, address in place.placed_addresses:
            yield path, f"`{place.name}`", address
    if spec.dns.server is not None:
        yield ("dns", "server"), "the DNS server", spec.dns.server
    for number, resolver in enumerate(spec.dns.upstream):
        yield ("dns", "upstream", number), "the resolver", resolver
    for name, service in spec.services.items():
        for number, target in enumerate(service.targets):
            outside = address_of(target)
            if outside is not None:
                yield ("services", name, "targets", number), "the target", outside


def overlapping_networks(spec: ClusterSpec) -> Iterator[Finding]:
    """Kubespray itself misses a service network that lies inside a larger pod network."""
    for (first, one), (second, other) in combinations(_networks(spec), 2):
        if one.version == other.version and one.overlaps(other):
            at, beside = (first, second) if is_set(spec, "kubernetes", first) else (second, first)
            yield Finding(
                ("kubernetes", at),
                f"{first} {one} and {second} {other} overlap",
                "choose two networks that share no address",
                related=_place(spec, beside),
            )


def overlaps_the_hosts_network(spec: ClusterSpec) -> Iterator[Finding]:
    """The nodes route these networks into the cluster, and with them a part of the network that they stand in."""
    seen = set()
    for path, vip in spec.endpoint.virtual_ips():
        subnet = vip.address.network
        for name, network in _networks(spec):
            # When the virtual IP itself is inside, the rule about addresses says so.
            if network.version != subnet.version or vip.address.ip in network or (name, subnet) in seen:
                continue
            if subnet.overlaps(network) and subnet.prefixlen < subnet.max_prefixlen:
                seen.add((name, subnet))
                yield Finding(
                    path,
                    f"the virtual IP's network {subnet} overlaps kubernetes.{name} {network}",
                    f"choose another kubernetes.{name}, or correct the prefix length",
                    related=_place(spec, name),
                )


def small_pod_network(spec: ClusterSpec) -> Iterator[Finding]:
    """Kubespray gives every node a piece of the pod network and refuses to start when they do not suffice.

    Calico takes pieces of its own as they are needed, and Kubespray asks nothing, unless `calico_ipam_host_local` is set.
    """
    variables = spec.kubernetes.variables
    if spec.kubernetes.network_plugin == "calico" and is_false(variables.get("calico_ipam_host_local", False)):
        return
    nodes = len({**spec.control_plane, **spec.workers})
    for name, pods in _networks(spec):
        piece = _node_prefix(spec, pods.version)
        room = 2 ** (piece - pods.prefixlen) if pods.prefixlen <= piece else 0
        if name.startswith("pod") and room < nodes:
            yield Finding(
                ("kubernetes", name),
                f"{pods} has room for {room} nodes, a /{piece} each; the cluster has {nodes}",
                f"use a network of /{piece - max(0, int(log2(max(nodes, 1) - 0.5)) + 1)} or larger",
            )


def _node_prefix(spec: ClusterSpec, version: int) -> int:
    given = spec.kubernetes.variables.get(_PREFIX_VARIABLES[version])
    text = str(given)
    return int(text) if text.isdecimal() else NODE_PREFIXES[version]


def huge_network(spec: ClusterSpec) -> Iterator[Finding]:
    """Kubernetes' own programs refuse to start with a service network of more than 20 bits, or more than 65,536 nodes' networks."""
    for name, network in _networks(spec):
        bits = network.max_prefixlen - MOST_SERVICE_BITS
        shortest = bits if name.startswith("service") else max(0, _node_prefix(spec, network.version) - MOST_NODE_BITS)
        if network.prefixlen < shortest:
            yield Finding(
                ("kubernetes", name),
                f"{name} {network} is larger than Kubernetes can use",
                f"use a network of /{shortest} or smaller",
            )


def half_of_ipv6(spec: ClusterSpec) -> Iterator[Finding]:
    """Pods and services have the same kinds of addresses, or Kubernetes refuses to start."""
    kubernetes = spec.kubernetes
    for given, missing in (("pod_network6", "service_network6"), ("service_network6", "pod_network6")):
        if getattr(kubernetes, given) is not None and getattr(kubernetes, missing) is None:
            yield Finding(("kubernetes", given), f"{given} needs {missing} beside it", f"add `{missing}:`, or delete `{given}`")


def node_without_ipv6(spec: ClusterSpec) -> Iterator[Finding]:
    """In a cluster with IPv6 networks every node has an IPv6 address, or it cannot reach other nodes' pods."""
    name = "pod_network6" if spec.kubernetes.pod_network6 is not None else "service_network6"
    if getattr(spec.kubernetes, name) is None:
        return
    seen = set()
    for place in places(spec):
        if place.group in ("control_plane", "workers") and not place.has(6) and place.name not in seen:
            seen.add(place.name)
            yield Finding(
                place.address,
                f"`{place.name}` has no IPv6 address, and the cluster has IPv6 networks",
                "add `address6: ADDRESS`",
                related=_place(spec, name),
                needs=(place.address6,),
            )


def ipv6_hosts_without_networks(spec: ClusterSpec) -> Iterator[Finding]:
    """Nodes without IPv4 cannot carry a cluster of IPv4 networks alone."""
    kubernetes = spec.kubernetes
    if kubernetes.pod_network6 is not None or kubernetes.service_network6 is not None:
        return
    place = next((place for place in places(spec) if place.group in ("control_plane", "workers") and not place.has(4)), None)
    if place is not None:
        yield Finding(
            place.address,
            f"`{place.name}` has no IPv4 address, and the cluster has IPv4 networks alone",
            "add pod_network6 and service_network6 to `kubernetes`",
        )
