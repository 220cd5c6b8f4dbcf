"""API server, controller manager and scheduler on a control-plane host."""

from twinkeel.lab.kubernetes.cluster import CLUSTER_DOMAIN, LabCluster
from twinkeel.lab.kubernetes.etcd import client_urls
from twinkeel.lab.kubernetes.kubeconfigs import admin_kubeconfig, controller_kubeconfig
from twinkeel.lab.kubernetes.pki import Pki
from twinkeel.lab.kubernetes.units import BIN, PKI, flags, service
from twinkeel.lab.model import HostFile, LabHost

_CERTIFICATES = ("ca", "apiserver", "apiserver-kubelet-client", "apiserver-etcd-client", "front-proxy-client")
# What a static pod gets from kubelet (terminationGracePeriodSeconds).
_GRACE_SECONDS = "30"
# Three API servers start at once on a few cores: let garbage wait up to this size (see runtime, package of Go).
_FEW_COLLECTIONS = {"GOGC": "400", "GOMEMLIMIT": "500MiB"}
# The controllers' plain-HTTP port must be closed by hand before this minor version, and its flag is unknown after it.
_PLAIN_PORT_GONE = 24


def control_plane_files(cluster: LabCluster, pki: Pki, host: LabHost) -> tuple[HostFile, ...]:
    """Units, certificates and kubeconfigs, at the paths where kubeadm and Kubespray put them."""
    certificates = [HostFile(f"{PKI}/{name}.crt", pki[f"{name}.crt"]) for name in (*_CERTIFICATES, "front-proxy-ca")]
    keys = [HostFile(f"{PKI}/{name}.key", pki[f"{name}.key"], 0o600) for name in (*_CERTIFICATES, "sa")]
    components = ("controller-manager", "scheduler")
    kubeconfigs = [
        HostFile(f"/etc/kubernetes/{name}.conf", controller_kubeconfig(cluster, pki, name), 0o600) for name in components
    ]
    return (
        _api_server(cluster, host),
        _controller_manager(cluster),
        _scheduler(cluster),
        *certificates,
        *keys,
        HostFile(f"{PKI}/sa.pub", pki["sa.pub"]),
        *kubeconfigs,
        HostFile("/etc/kubernetes/admin.conf", admin_kubeconfig(cluster, pki), 0o600),
    )


def _api_server(cluster: LabCluster, host: LabHost) -> HostFile:
    values = {
        "advertise-address": str(host.address),
        # The default, 0.0.0.0, is IPv4 alone.
        **({"bind-address": "::"} if any(address.version == 6 for address, _ in host.addresses) else {}),
        "secure-port": str(cluster.api_port),
        "allow-privileged": "true",
        "authorization-mode": "Node,RBAC",
        "enable-admission-plugins": "NodeRestriction",
        "client-ca-file": f"{PKI}/ca.crt",
        "tls-cert-file": f"{PKI}/apiserver.crt",
        "tls-private-key-file": f"{PKI}/apiserver.key",
        "etcd-servers": client_urls(cluster),
        "etcd-cafile": f"{PKI}/etcd/ca.crt",
        "etcd-certfile": f"{PKI}/apiserver-etcd-client.crt",
        "etcd-keyfile": f"{PKI}/apiserver-etcd-client.key",
        "kubelet-client-certificate": f"{PKI}/apiserver-kubelet-client.crt",
        "kubelet-client-key": f"{PKI}/apiserver-kubelet-client.key",
        "kubelet-certificate-authority": f"{PKI}/ca.crt",
        "kubelet-preferred-address-types": "InternalIP,Hostname",
        "requestheader-client-ca-file": f"{PKI}/front-proxy-ca.crt",
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-username-headers": "X-Remote-User",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "proxy-client-cert-file": f"{PKI}/front-proxy-client.crt",
        "proxy-client-key-file": f"{PKI}/front-proxy-client.key",
        "service-account-issuer": f"https://kubernetes.default.svc.{CLUSTER_DOMAIN}",
        "service-account-key-file": f"{PKI}/sa.pub",
        "service-account-signing-key-file": f"{PKI}/sa.key",
        "service-cluster-ip-range": str(cluster.service_network),
        **cluster.api_arguments,
        "profiling": "false",
        "v": "0",
    }
    return service(
        "kube-apiserver",
        "Kubernetes API server",
        [f"{BIN}/kube-apiserver", *flags(values)],
        kind="notify",
        after=("etcd.service",),
        environment=_FEW_COLLECTIONS,
        settings={"TimeoutStartSec": "infinity", "TimeoutStopSec": _GRACE_SECONDS},
    )


def _controller_manager(cluster: LabCluster) -> HostFile:
    values = {
        **_controller("controller-manager", cluster),
        "client-ca-file": f"{PKI}/ca.crt",
        "root-ca-file": f"{PKI}/ca.crt",
        "requestheader-client-ca-file": f"{PKI}/front-proxy-ca.crt",
        "service-account-private-key-file": f"{PKI}/sa.key",
        "use-service-account-credentials": "true",
        "cluster-name": cluster.name,
    }
    argv = [f"{BIN}/kube-controller-manager", *flags(values)]
    return service("kube-controller-manager", "Kubernetes controller manager", argv, after=("kube-apiserver.service",))


def _scheduler(cluster: LabCluster) -> HostFile:
    argv = [f"{BIN}/kube-scheduler", *flags(_controller("scheduler", cluster))]
    return service("kube-scheduler", "Kubernetes scheduler", argv, after=("kube-apiserver.service",))


def _controller(component: str, cluster: LabCluster) -> dict[str, str]:
    """What both controllers are told: one of the three leads, and the others wait."""
    kubeconfig = f"/etc/kubernetes/{component}.conf"
    values = {
        "kubeconfig": kubeconfig,
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        "leader-elect": "true",
        "bind-address": "127.0.0.1",
        "profiling": "false",
        "v": "0",
    }
    return values | ({"port": "0"} if cluster.minor < _PLAIN_PORT_GONE else {})
