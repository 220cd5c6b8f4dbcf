"""Rules about the networks inside the cluster."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from math import log2

from twinkeel.spec.document import Key
from twinkeel.spec.fields import IPAddress
from twinkeel.spec.model import ClusterSpec
from twinkeel.spec.rule import Finding, places


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


def _fixed_addresses(spec: ClusterSpec) -> Iterator[tuple[Key, str, IPAddress]]:
    for path, vip in spec.endpoint.virtual_ips():
        yield path, "the virtual IP", vip.address.ip
    for place in places(spec):
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
