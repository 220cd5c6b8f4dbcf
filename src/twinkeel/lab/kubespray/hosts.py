"""What a bare node gets before it boots, so that Kubespray finds in it what a machine of its own would have."""

from pathlib import Path

from twinkeel.lab.kubernetes.cluster import LabCluster, planned_cluster
from twinkeel.lab.kubernetes.extras import KUBELET_NSPAWN
from twinkeel.lab.kubernetes.node import MOUNTS_UNIT, mounts_files, pod_network_file
from twinkeel.lab.model import Bind, HostExtras, HostFile, LabHost, LabLayout, LabPaths
from twinkeel.topology.model import Topology

# The variables of Kubespray that only a lab needs, with the reason of each.
OVERLAY = Path(__file__).parent / "overlay.yaml"
OLD_OVERLAY = Path(__file__).parent / "overlay-v2.16.yaml"
ROUTES_UNIT = "twinkeel-lab-pod-routes.service"
ROUTES_TABLE = 100
# Before the main table, in which the default route would match first.
RULE_PRIORITY = 1000
# On the machine's own file system: no overlay lies on an overlay, and a power loss is a real one for etcd's log.
FOLDERS = ("/var/lib/containerd", "/var/lib/etcd", "/var/lib/kubelet")


def overlay_for(tag: str) -> Path:
    """The overlay that a release understands."""
    return OLD_OVERLAY if tag.startswith("v2.16.") else OVERLAY


def bare_cluster(layout: LabLayout, topology: Topology) -> LabCluster:
    """The cluster that Kubespray will install, by the spec."""
    return planned_cluster(layout, topology, topology.cluster.version)


def bare_extras(cluster: LabCluster, paths: LabPaths, host: LabHost) -> HostExtras:
    """Mounts, pod network and binds of a node; nothing for any other host."""
    if host not in cluster.nodes:
        return HostExtras()
    state = paths.host(host.name) / "state"
    return HostExtras(
        files=(*mounts_files(), pod_network_file(cluster, host), _pod_routes(cluster, host)),
        enable=(MOUNTS_UNIT, ROUTES_UNIT),
        bind=tuple(Bind(state / Path(folder).name, folder) for folder in FOLDERS),
        nspawn_args=KUBELET_NSPAWN,
    )


def _pod_routes(cluster: LabCluster, host: LabHost) -> HostFile:
    """Pods of other nodes are reached through those nodes. Kubespray's plugin `cni` leaves that to the network's owner.

    The routes stand in a table of their own, as those of an owner's network would stand in its routers: no check of a node's main
    table finds the cluster's network taken.
    """
    rule = f"to {cluster.pod_network} lookup {ROUTES_TABLE} priority {RULE_PRIORITY}"
    ip = "ip" if cluster.pod_network.version == 4 else "ip -6"
    commands = [f"sh -c '{ip} rule del {rule} 2>/dev/null; {ip} rule add {rule}'"]
    for node in cluster.nodes:
        if node != host:
            commands.append(f"{ip} route replace {cluster.pod_range(node)} via {node.address} table {ROUTES_TABLE}")
    lines = "".join(f"ExecStart={command}\n" for command in commands)
    text = f"""\
[Unit]
Description=Routes to the pods of other nodes
DefaultDependencies=no

[Service]
Type=oneshot
RemainAfterExit=yes
{lines}"""
    return HostFile(f"/etc/systemd/system/{ROUTES_UNIT}", text.encode())
