"""What each host of the lab gets before it boots, so that Kubernetes runs on it."""

from pathlib import Path

from twinkeel.lab.kubernetes.cluster import LabCluster
from twinkeel.lab.kubernetes.control_plane import control_plane_files
from twinkeel.lab.kubernetes.etcd import DATA, etcd_files
from twinkeel.lab.kubernetes.node import node_files
from twinkeel.lab.kubernetes.pki import Pki
from twinkeel.lab.kubernetes.programs import CLIENT, CONTROL_PLANE, NODE, Binaries
from twinkeel.lab.kubernetes.units import BIN
from twinkeel.lab.model import Bind, HostExtras, HostFile, LabHost, LabPaths

_NODE_UNITS = ("containerd.service", "kubelet.service")
_MASTER_UNITS = ("etcd.service", "kube-apiserver.service", "kube-controller-manager.service", "kube-scheduler.service")

# kubelet reads the kernel's log and its modules, and loads programs into the kernel's packet and device filters.
KUBELET_NSPAWN = ("--bind=/dev/null:/dev/kmsg", "--bind-ro=/sys/module", "--system-call-filter=@keyring bpf @mount")


def host_extras(
    cluster: LabCluster, pki: Pki, binaries: Binaries, paths: LabPaths, host: LabHost, *, nodes: bool = True
) -> HostExtras:
    """Files, units, binds and nspawn options of one host; nothing for a host that is not a node of the cluster.

    Without `nodes` no kubelet is started (it could only fail, again and again); its files are there all the same.
    """
    units = _NODE_UNITS if nodes else ()
    if "control_plane" in host.roles:
        files = (*etcd_files(cluster, pki, host), *control_plane_files(cluster, pki, host), *node_files(cluster, pki, host))
        return _extras(files, (*_MASTER_UNITS, *units), binaries, (*CONTROL_PLANE, *NODE, *CLIENT), paths.host(host.name))
    if "worker" in host.roles:
        return _extras(node_files(cluster, pki, host), units, binaries, NODE, paths.host(host.name))
    return HostExtras()


def _extras(
    files: tuple[HostFile, ...], units: tuple[str, ...], binaries: Binaries, programs: tuple[str, ...], state: Path
) -> HostExtras:
    unique = {file.path: file for file in files}  # a control-plane host gets the cluster's CA twice
    folders = [DATA] if "etcd.service" in units else []
    folders += ["/var/lib/containerd", "/var/lib/kubelet"]
    return HostExtras(
        files=tuple(unique.values()),
        enable=units,
        bind_ro=tuple(Bind(binaries.dir / name, f"{BIN}/{name}") for name in programs),
        # On the machine's own file system: no overlay lies on an overlay, and a power loss is a real one for etcd's log.
        bind=tuple(Bind(state / "state" / Path(folder).name, folder) for folder in folders),
        nspawn_args=KUBELET_NSPAWN,
    )
