"""The kubeconfig files that the lab's components and its administrator use."""

from base64 import b64encode

from twinkeel.lab.kubernetes.certificates import KeyPair
from twinkeel.lab.kubernetes.cluster import LabCluster
from twinkeel.lab.kubernetes.pki import Pki
from twinkeel.lab.model import LabHost

# Quoted, because a cluster may be called 123 or true.
_TEMPLATE = """\
apiVersion: v1
kind: Config
clusters:
- name: "{cluster}"
  cluster:
    certificate-authority-data: {authority}
    server: "{server}"
users:
- name: "{user}"
  user:
    client-certificate-data: {certificate}
    client-key-data: {key}
contexts:
- name: "{user}@{cluster}"
  context:
    cluster: "{cluster}"
    user: "{user}"
current-context: "{user}@{cluster}"
preferences: {{}}
"""


def admin_kubeconfig(cluster: LabCluster, pki: Pki) -> bytes:
    """The administrator's, as Kubespray writes it behind an external load balancer: it names the endpoint."""
    return _kubeconfig(cluster, pki, cluster.endpoint_url, f"kubernetes-admin-{cluster.name}", pki.pair("admin"))


def kubelet_kubeconfig(cluster: LabCluster, pki: Pki, host: LabHost) -> bytes:
    """One node's: through the virtual IP alone, so that the node is Ready only when the load balancers work."""
    return _kubeconfig(cluster, pki, cluster.endpoint_url, f"system:node:{host.fqdn}", pki.pair(f"{host.name}/kubelet"))


def controller_kubeconfig(cluster: LabCluster, pki: Pki, component: str) -> bytes:
    """`controller-manager` or `scheduler`: to the API server of the same host; the elected leader is then beside a live one."""
    return _kubeconfig(cluster, pki, cluster.local_url, f"system:kube-{component}", pki.pair(component))


def _kubeconfig(cluster: LabCluster, pki: Pki, server: str, user: str, pair: KeyPair) -> bytes:
    text = _TEMPLATE.format(
        cluster=cluster.name,
        authority=_base64(pki["ca.crt"]),
        server=server,
        user=user,
        certificate=_base64(pair.certificate),
        key=_base64(pair.key),
    )
    return text.encode()


def _base64(content: bytes) -> str:
    return b64encode(content).decode()
