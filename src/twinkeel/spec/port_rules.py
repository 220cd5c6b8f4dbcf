"""Rules about ports: HAProxy listens on every address of a load balancer, so a port can serve one thing there."""

from collections.abc import Iterator
from typing import NamedTuple

from twinkeel.spec.document import Key
from twinkeel.spec.model import MONITOR_PORT, ClusterSpec
from twinkeel.spec.rule import Finding

# Where Kubernetes listens on every address of a node (its documentation: "Ports and Protocols"; kube-proxy's is the health port).
NODE_PORTS = {10250: "kubelet", 10256: "kube-proxy"}
CONTROL_PLANE_PORTS = {10257: "kube-controller-manager", 10259: "kube-scheduler"}
ETCD_PORTS = {2379: "etcd", 2380: "etcd"}


class _Listener(NamedTuple):
    """One port that HAProxy opens, the place in the file that says so, and what it is for."""

    port: int
    path: Key
    label: str


def shared_haproxy_port(spec: ClusterSpec) -> Iterator[Finding]:
    """Two listeners of HAProxy with one port would share its connections at random, and SSH must stay reachable."""
    seen = {MONITOR_PORT: _Listener(MONITOR_PORT, (), "HAProxy's own loopback listener")}
    for listener in _listeners(spec):
        first = seen.setdefault(listener.port, listener)
        # The endpoint's own clashes are told by the rules about the endpoint's port.
        if first is not listener and listener.path != ("endpoint", "port"):
            yield Finding(
                listener.path,
                f"port {listener.port} of {listener.label} is taken: {first.label} has it",
                "choose another port",
                related=((first.path, f"{first.label} is here"),) if first.path else (),
            )
    for listener in _extra_listeners(spec):
        for name, host in spec.load_balancers.items():
            if listener.port == (host.ssh_port or spec.ssh.port):
                yield Finding(
                    listener.path,
                    f"port {listener.port} of {listener.label} is taken: SSH on `{name}` has it",
                    "choose another port",
                    related=((("load_balancers", name), f"`{name}` is here"),),
                )
                break


def port_of_kubernetes(spec: ClusterSpec) -> Iterator[Finding]:
    """On a machine that is load balancer and node, Kubernetes' own programs have ports on every address, too."""
    for listener in _listeners(spec):
        for name in spec.load_balancers:
            taken = _kubernetes_ports(spec, name)
            if listener.port in taken and (listener.path, taken[listener.port]) != (("endpoint", "port"), "the API server"):
                yield Finding(
                    listener.path,
                    f"port {listener.port} of {listener.label} is taken: {taken[listener.port]} on `{name}` has it",
                    "choose another port, or another machine",
                    related=((("load_balancers", name), f"`{name}` is a load balancer here"),),
                )
                break


def api_port_taken(spec: ClusterSpec) -> Iterator[Finding]:
    """The API server shares its machine with the rest of the control plane, and with SSH."""
    port = spec.kubernetes.api_port
    taken = {**NODE_PORTS, **CONTROL_PLANE_PORTS, **({} if spec.etcd else ETCD_PORTS)}
    for name, host in spec.control_plane.items():
        taken.setdefault(host.ssh_port or spec.ssh.port, f"SSH on `{name}`")
    if port in taken:
        yield Finding(
            ("kubernetes", "api_port"),
            f"port {port} of the API servers is taken: {taken[port]} has it",
            "choose another port, such as 6443",
        )


def target_is_its_own_balancer(spec: ClusterSpec) -> Iterator[Finding]:
    """HAProxy has the service's port on that machine, so the server behind it cannot, and connections would go in circles."""
    workers, control_plane = (
        [name for name in spec.load_balancers if name in group] for group in (spec.workers, spec.control_plane)
    )
    groups = {"workers": workers, "control_plane": control_plane, "nodes": [*control_plane, *workers]}
    addresses = {address: name for name, host in spec.load_balancers.items() for address in (str(host.address), str(host.address6))}
    ports = {listener.port: listener for listener in _listeners(spec)}
    for service, setting in spec.services.items():
        port = setting.target_port or setting.port
        for place, target in enumerate(setting.targets):
            reached = groups.get(target, [addresses.get(target, target)])
            name = next((name for name in reached if name in spec.load_balancers), None)
            if name is not None and port in ports:
                yield Finding(
                    ("services", service, "targets", place),
                    f"`{target}` reaches `{name}` at port {port}, where HAProxy itself listens ({ports[port].label})",
                    "give `target_port` another port, or name other targets",
                    related=((("load_balancers", name), f"`{name}` is a load balancer here"),),
                )


def _listeners(spec: ClusterSpec) -> Iterator[_Listener]:
    yield _Listener(spec.endpoint.port, ("endpoint", "port"), "the endpoint")
    yield from _extra_listeners(spec)


def _extra_listeners(spec: ClusterSpec) -> Iterator[_Listener]:
    for name, service in spec.services.items():
        yield _Listener(service.port, ("services", name, "port"), f"service `{name}`")
    if spec.haproxy.metrics is not None:
        yield _Listener(spec.haproxy.metrics.port, ("haproxy", "metrics", "port"), "the metrics")


def _kubernetes_ports(spec: ClusterSpec, name: str) -> dict[int, str]:
    """The ports that Kubernetes has on a machine, with the program."""
    taken: dict[int, str] = {}
    if name in spec.control_plane or name in spec.workers:
        taken |= NODE_PORTS
    if name in spec.control_plane:
        taken |= CONTROL_PLANE_PORTS | {spec.kubernetes.api_port: "the API server"}
    if name in (spec.etcd or spec.control_plane):
        taken |= ETCD_PORTS
    return taken
