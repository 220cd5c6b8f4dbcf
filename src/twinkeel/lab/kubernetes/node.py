"""containerd and kubelet on every node."""

import json
from typing import Any

from twinkeel.lab.kubernetes.cluster import CLUSTER_DOMAIN, LabCluster
from twinkeel.lab.kubernetes.kubeconfigs import kubelet_kubeconfig
from twinkeel.lab.kubernetes.pki import Pki
from twinkeel.lab.kubernetes.units import BIN, PKI, flags, service
from twinkeel.lab.model import HostFile, LabHost

RUNTIME = "unix:///run/containerd/containerd.sock"
MOUNTS_SCRIPT = "/usr/local/lib/twinkeel-lab/node-mounts"
MOUNTS_UNIT = "twinkeel-node-mounts.service"

# kubelet demands these values and would set them, for the whole machine and not for its host alone (see _mounts_script).
KUBELET_SYSCTLS = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}

# Minor versions at which a kubelet's options changed.
_RUNTIME_IN_CONFIG = 27
_REFUSES_CGROUP_V1 = 31

_CONTAINERD = """\
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.tracing.processor.v1.otlp",
]

[plugins."io.containerd.grpc.v1.cri"]
  # A lab's machine may lack CAP_SYS_RESOURCE: never ask for an OOM score below our own.
  restrict_oom_score_adj = true

[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "overlayfs"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  SystemdCgroup = false

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "/etc/cni/net.d"
"""


def node_files(cluster: LabCluster, pki: Pki, host: LabHost) -> tuple[HostFile, ...]:
    """Units, configuration and certificates of one node."""
    return (
        *mounts_files(),
        HostFile("/etc/containerd/config.toml", _CONTAINERD.encode()),
        _containerd_unit(),
        pod_network_file(cluster, host),
        HostFile("/etc/kubernetes/kubelet-config.yaml", _json(_kubelet_config(cluster))),
        HostFile("/etc/kubernetes/kubelet.conf", kubelet_kubeconfig(cluster, pki, host), 0o600),
        HostFile(f"{PKI}/ca.crt", pki["ca.crt"]),
        HostFile(f"{PKI}/kubelet.crt", pki[f"{host.name}/kubelet-server.crt"]),
        HostFile(f"{PKI}/kubelet.key", pki[f"{host.name}/kubelet-server.key"], 0o600),
        _kubelet_unit(cluster, host),
    )


def _kubelet_config(cluster: LabCluster) -> dict[str, Any]:
    config: dict[str, Any] = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{PKI}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{PKI}/kubelet.crt",
        "tlsPrivateKeyFile": f"{PKI}/kubelet.key",
        "cgroupDriver": "cgroupfs",
        "clusterDNS": [str(cluster.service_network[10])],
        "clusterDomain": CLUSTER_DOMAIN,
        "resolvConf": "/etc/resolv.conf",
        # The lab's hosts share one machine's disk, memory and swap: none of that is a node's own to judge.
        "failSwapOn": False,
        "imageGCHighThresholdPercent": 100,
        "evictionHard": dict.fromkeys(("memory.available", "nodefs.available", "nodefs.inodesFree", "imagefs.available"), "0%"),
        "oomScoreAdj": 0,
        # Also how often it tries to register: a node is Ready soon after the virtual IP has come.
        "nodeStatusUpdateFrequency": "4s",
        # No program of a lab's host filters packets yet.
        "makeIPTablesUtilChains": False,
    }
    if cluster.minor >= _RUNTIME_IN_CONFIG:
        config["containerRuntimeEndpoint"] = RUNTIME
    if cluster.minor >= _REFUSES_CGROUP_V1:
        config["failCgroupV1"] = False
    return config


def _kubelet_unit(cluster: LabCluster, host: LabHost) -> HostFile:
    values = {
        "config": "/etc/kubernetes/kubelet-config.yaml",
        "kubeconfig": "/etc/kubernetes/kubelet.conf",
        "hostname-override": host.fqdn,
        "node-ip": str(host.address),
        "v": "0",
    }
    if cluster.minor < _RUNTIME_IN_CONFIG:
        values |= {"container-runtime": "remote", "container-runtime-endpoint": RUNTIME}
    return service(
        "kubelet",
        "kubelet, the node's agent",
        [f"{BIN}/kubelet", *flags(values)],
        # On a control-plane host the API server comes first: until one serves, a kubelet only burns what it needs to start.
        after=("containerd.service", "kube-apiserver.service"),
        requires=(MOUNTS_UNIT,),
        settings={"KillMode": "process"},
    )


def _containerd_unit() -> HostFile:
    """Debian's unit asks for an OOM score and limits that a lab's machine may refuse."""
    return service(
        "containerd",
        "containerd, the container runtime",
        ["/usr/bin/containerd"],
        kind="notify",
        after=(MOUNTS_UNIT,),
        requires=(MOUNTS_UNIT,),
        settings={"Delegate": "yes", "KillMode": "process"},
    )


def pod_network_file(cluster: LabCluster, host: LabHost) -> HostFile:
    """A bridge on the node with its own part of the pod network, as configuration of CNI."""
    return HostFile("/etc/cni/net.d/10-twinkeel-lab.conflist", _json(_pod_network(cluster, host)))


def _pod_network(cluster: LabCluster, host: LabHost) -> dict[str, Any]:
    subnet = {"subnet": str(cluster.pod_range(host))}
    ipam = {
        "type": "host-local",
        "ranges": [[subnet]],
        "routes": [{"dst": "0.0.0.0/0" if cluster.pod_network.version == 4 else "::/0"}],
    }
    bridge = {"type": "bridge", "bridge": "cni0", "isGateway": True, "ipMasq": False, "ipam": ipam}
    return {"cniVersion": "0.4.0", "name": "twinkeel-lab", "plugins": [bridge]}


def mounts_files() -> tuple[HostFile, ...]:
    """The unit and the script that prepare a host's mounts before its container runtime starts."""
    return (_mounts_unit(), HostFile(MOUNTS_SCRIPT, _mounts_script().encode(), 0o755), _journal_file())


def _journal_file() -> HostFile:
    """A node's /dev/kmsg is /dev/null, for kubelet (see KUBELET_NSPAWN). A current journald ends when it is to wait for that."""
    return HostFile("/etc/systemd/journald.conf.d/node.conf", b"[Journal]\nReadKMsg=no\n")


def _mounts_unit() -> HostFile:
    text = f"""\
[Unit]
Description=Mounts that a kubelet needs inside a host of the lab
DefaultDependencies=no
After=local-fs.target
Before=containerd.service kubelet.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={MOUNTS_SCRIPT}
"""
    return HostFile(f"/etc/systemd/system/{MOUNTS_UNIT}", text.encode())


def _mounts_script() -> str:
    """Makes the host's own control groups writable, and shadows the sysctls that are the whole machine's.

    The shadows already hold what kubelet demands, so it changes nothing. The rest of /proc/sys stays read-only, but for net/, which
    is the host's own.
    """
    shadows = "\n".join(f"shadow {name} {value}" for name, value in KUBELET_SYSCTLS.items())
    return f"""\
#!/bin/sh
# Written by twinkeel lab.
set -eu

mount --make-rshared /
for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*; do
  if mountpoint --quiet "$hierarchy"; then
    mount -o remount,rw,bind "$hierarchy"
  fi
done

shadow() {{
  if [ -e "/proc/sys/$1" ]; then
    mkdir -p "$(dirname "/run/twinkeel-lab/sysctl/$1")"
    echo "$2" >"/run/twinkeel-lab/sysctl/$1"
    mount --bind "/run/twinkeel-lab/sysctl/$1" "/proc/sys/$1"
  fi
}}
{shadows}
"""


def _json(value: dict[str, Any]) -> bytes:
    """JSON is YAML, and needs no care for quoting."""
    return (json.dumps(value, indent=2) + "\n").encode()
