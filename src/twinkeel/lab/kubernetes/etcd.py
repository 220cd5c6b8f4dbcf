"""etcd on the control-plane hosts: one member each, TLS for clients and peers, in Debian's version."""

from twinkeel.lab.kubernetes.cluster import LabCluster
from twinkeel.lab.kubernetes.pki import Pki
from twinkeel.lab.kubernetes.units import PKI, flags, service
from twinkeel.lab.model import HostFile, LabHost
from twinkeel.support.url_host import url_host

CLIENT_PORT = 2379
PEER_PORT = 2380
METRICS_PORT = 2381
DATA = "/var/lib/etcd"
_PKI = f"{PKI}/etcd"


def client_urls(cluster: LabCluster) -> str:
    """Every member's client URL, as an API server lists them: it survives the loss of the member beside it."""
    return ",".join(f"https://{url_host(host.address)}:{CLIENT_PORT}" for host in cluster.masters)


def etcd_files(cluster: LabCluster, pki: Pki, host: LabHost) -> tuple[HostFile, ...]:
    """The member's unit and certificates."""
    own = [HostFile(f"{_PKI}/{part}.crt", pki[f"{host.name}/etcd/{part}.crt"]) for part in ("server", "peer")]
    own += [HostFile(f"{_PKI}/{part}.key", pki[f"{host.name}/etcd/{part}.key"], 0o600) for part in ("server", "peer")]
    return (_unit(cluster, host), HostFile(f"{_PKI}/ca.crt", pki["etcd/ca.crt"]), *own)


def _unit(cluster: LabCluster, host: LabHost) -> HostFile:
    members = ",".join(f"{member.name}=https://{url_host(member.address)}:{PEER_PORT}" for member in cluster.masters)
    own = url_host(host.address)
    values = {
        "name": host.name,
        "data-dir": DATA,
        "listen-client-urls": f"https://127.0.0.1:{CLIENT_PORT},https://{own}:{CLIENT_PORT}",
        "advertise-client-urls": f"https://{own}:{CLIENT_PORT}",
        "listen-peer-urls": f"https://{own}:{PEER_PORT}",
        "initial-advertise-peer-urls": f"https://{own}:{PEER_PORT}",
        "listen-metrics-urls": f"http://127.0.0.1:{METRICS_PORT}",
        "initial-cluster": members,
        "initial-cluster-token": cluster.layout.lab_id,
        "initial-cluster-state": "new",
        "client-cert-auth": "true",
        "trusted-ca-file": f"{_PKI}/ca.crt",
        "cert-file": f"{_PKI}/server.crt",
        "key-file": f"{_PKI}/server.key",
        "peer-client-cert-auth": "true",
        "peer-trusted-ca-file": f"{_PKI}/ca.crt",
        "peer-cert-file": f"{_PKI}/peer.crt",
        "peer-key-file": f"{_PKI}/peer.key",
        # The default from etcd 3.5 on, which today's Kubespray installs. Debian 12 has 3.4: there a member that comes back after a
        # loss of power makes the others elect a leader anew, and nobody is served for up to 5 s.
        "pre-vote": "true",
        # A lab writes little: small snapshots keep memory and the replay after a power loss small.
        "snapshot-count": "5000",
        "logger": "zap",
        "log-level": "warn",
    }
    return service(
        "etcd",
        "etcd, the cluster's store",
        ["/usr/bin/etcd", *flags(values)],
        kind="notify",
        # Ready means that the member sees a quorum: that may take until somebody powers on another host.
        settings={"TimeoutStartSec": "infinity"},
    )
