"""The inventory and group variables that Kubespray reads, as its release takes them."""

from collections.abc import Mapping
from dataclasses import dataclass

from twinkeel.render.files import RenderedFile
from twinkeel.render.template import fill
from twinkeel.render.yaml_text import block, ini_value, scalar
from twinkeel.spec.fields import IPAddress
from twinkeel.topology.api_server import VARIABLE, extra_arguments
from twinkeel.topology.model import Machine, Topology


@dataclass(frozen=True)
class Node:
    """One host of the inventory: its name there, and its variables in order."""

    name: str
    variables: Mapping[str, object]


def render_kubespray(topology: Topology) -> tuple[RenderedFile, ...]:
    """hosts.yaml, inventory.ini (for readers; Kubespray is run with hosts.yaml) and group_vars.

    `kubernetes.variables` go into a file of their own, for all hosts: a separate etcd host needs them, too.
    """
    values = {
        "cluster": topology.name,
        "nodes": [_node(topology, machine) for machine in topology.nodes],
        "groups": _groups(topology),
        "scalar": scalar,
        "ini_value": ini_value,
    }
    arguments = extra_arguments(topology.cluster)
    variables = {
        "topology": topology,
        "scalar": scalar,
        "stack": _stack(topology),
        "certificate_names": certificate_names(topology),
        "arguments": block({VARIABLE: arguments}) if arguments else "",
    }
    version = topology.cluster.release.version_prefix + topology.cluster.version
    files = [
        RenderedFile("hosts.yaml", fill("hosts.yaml.j2", **values)),
        RenderedFile("inventory.ini", fill("inventory.ini.j2", **values)),
        RenderedFile("group_vars/all/all.yml", fill("all.yml.j2", **variables)),
        RenderedFile("group_vars/k8s_cluster/k8s-cluster.yml", fill("k8s-cluster.yml.j2", **variables, kube_version=version)),
    ]
    # The arguments of API servers stand with ours in k8s-cluster.yml, which would win.
    others = {name: value for name, value in topology.cluster.variables.items() if not (name == VARIABLE and arguments)}
    if others:
        note = f"# Written by Twinkeel from the cluster {topology.name!r}: kubernetes.variables of the spec, as they are.\n"
        files.append(RenderedFile("group_vars/all/variables.yml", note + block(others)))
    return tuple(files)


def certificate_names(topology: Topology) -> tuple[str, ...]:
    """What the API servers' certificates must hold besides the control plane's own names: each once, in order."""
    names = [*(str(vip.ip) for vip in topology.endpoint.vips), topology.endpoint.name]
    for balancer in topology.load_balancers:
        machine = balancer.machine
        names += [str(address) for address in (machine.address, machine.address6) if address is not None]
        names.append(machine.fqdn)
    return tuple(dict.fromkeys([*names, *topology.cluster.certificate_names]))


def _groups(topology: Topology) -> Mapping[str, list[str]]:
    control_plane = [machine.node_name for machine in topology.control_plane]
    workers = [machine.node_name for machine in topology.workers]
    scheduled = [*control_plane, *workers] if topology.cluster.schedule_on_control_plane else workers
    return {
        "kube_control_plane": control_plane,
        "etcd": [machine.node_name for machine in topology.etcd],
        "kube_node": list(dict.fromkeys(scheduled)),
    }


def _node(topology: Topology, machine: Machine) -> Node:
    variables: dict[str, object] = {
        "ansible_host": machine.ssh_address,
        "ansible_port": machine.ssh.port,
        "ansible_user": machine.ssh.user,
    }
    for version, suffix in ((4, ""), (6, "6")):
        address = machine.address_of(version)
        if address is not None:
            variables |= {f"ip{suffix}": address, f"access_ip{suffix}": _access_address(machine, version) or address}
    if machine in topology.etcd:
        # Kubespray's own default renames the members when the order changes.
        variables["etcd_member_name"] = machine.name
    return Node(machine.node_name, variables)


def _access_address(machine: Machine, version: int) -> IPAddress | None:
    given = machine.access_address
    return given if given is not None and given.version == version else None


def _stack(topology: Topology) -> Mapping[str, bool]:
    """The variables that turn IPv6 on, and IPv4 off; none for a cluster of IPv4 alone."""
    cluster = topology.cluster
    without_ipv4 = all(machine.address_of(4) is None for machine in topology.nodes)
    if not without_ipv4 and cluster.pod_network6 is None and cluster.service_network6 is None:
        return {}
    if cluster.release.stack_switches:
        return {"ipv4_stack": not without_ipv4, "ipv6_stack": True}
    return {"enable_dual_stack_networks": True}
