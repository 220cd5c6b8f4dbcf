"""What a bare node gets before it boots, so that Kubespray finds in it what a machine of its own would have."""

from pathlib import Path

from twinkeel.lab.kubernetes.cluster import LabCluster
from twinkeel.lab.kubernetes.extras import KUBELET_NSPAWN
from twinkeel.lab.kubernetes.node import MOUNTS_UNIT, mounts_files, pod_network_file
from twinkeel.lab.model import Bind, HostExtras, HostFile, LabHost, LabLayout, LabPaths
from twinkeel.topology.model import Topology

# The variables of Kubespray that only a lab needs, with the reason of each.
OVERLAY = Path(__file__).parent / "overlay.yaml"
ROUTES_UNIT = "twinkeel-lab-pod-routes.service"
# On the machine's own file system: no overlay lies on an overlay, and a power loss is a real one for etcd's log.
FOLDERS = ("/var/lib/containerd", "/var/lib/etcd", "/var/lib/kubelet")


def bare_cluster(layout: LabLayout, topology: Topology) -> LabCluster:
    """The cluster that Kubespray will install, by the spec."""
    cluster = topology.cluster
    return LabCluster(layout, topology.name, cluster.version, cluster.api_port, cluster.pod_network, cluster.service_network)


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
    """Pods of other nodes are reached through those nodes. Kubespray's plugin `cni` leaves that to the network's owner."""
    others = [node for node in cluster.nodes if node != host]
    lines = "".join(f"ExecStart=ip route replace {cluster.pod_range(node)} via {node.address}\n" for node in others)
    text = f"""\
[Unit]
Description=Routes to the pods of other nodes
DefaultDependencies=no

[Service]
Type=oneshot
RemainAfterExit=yes
{lines}"""
    return HostFile(f"/etc/systemd/system/{ROUTES_UNIT}", text.encode())
