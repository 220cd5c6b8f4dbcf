"""Every key and certificate of a lab's cluster, made once and kept in the lab's state folder.

The names are kubeadm's (https://kubernetes.io/docs/setup/best-practices/certificates/), so that a reader finds what he knows.
What only one host may hold stands in a folder of that host's name.
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from twinkeel.lab.kubernetes.certificates import Authority, KeyPair, signing_key
from twinkeel.lab.kubernetes.cluster import CLUSTER_DOMAIN, LabCluster
from twinkeel.lab.model import LabHost
from twinkeel.spec.fields import IPAddress

LOOPBACK = (IPv4Address("127.0.0.1"), IPv6Address("::1"))
_MADE_FOR = "made-for.json"


class Pki:
    """PEM contents by name, like `ca.crt` or `master-1/etcd/server.key`. Nothing in it is shown by `repr`."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = dict(files)

    def __getitem__(self, name: str) -> bytes:
        return self._files[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._files))

    def pair(self, name: str) -> KeyPair:
        """The certificate and key called `name`.crt and `name`.key. Raises KeyError."""
        return KeyPair(self[f"{name}.crt"], self[f"{name}.key"])


def load_or_make_pki(folder: Path, cluster: LabCluster) -> Pki:
    """What `folder` holds if it was made for this cluster; otherwise a new one, which replaces the folder whole.

    Keys are 0600, the folder 0700. A run killed halfway leaves the folder as it was.
    """
    wanted = json.dumps(_facts(cluster), indent=1, sort_keys=True)
    marker = folder / _MADE_FOR
    if marker.exists() and marker.read_text() == wanted:
        return _load(folder)
    pki = make_pki(cluster)
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    _save(pki, fresh)
    (fresh / _MADE_FOR).write_text(wanted)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
    return pki


def make_pki(cluster: LabCluster) -> Pki:
    """New authorities, keys and certificates for every host and every component."""
    ca, etcd_ca, front_proxy_ca = Authority("kubernetes"), Authority("etcd-ca"), Authority("kubernetes-front-proxy-ca")
    pairs = {
        "ca": ca.pair,
        "etcd/ca": etcd_ca.pair,
        "front-proxy-ca": front_proxy_ca.pair,
        "front-proxy-client": front_proxy_ca.issue("front-proxy-client", ("client",)),
        "apiserver": ca.issue("kube-apiserver", ("server",), names=api_names(cluster), addresses=api_addresses(cluster)),
        "apiserver-kubelet-client": ca.issue("kube-apiserver-kubelet-client", ("client",), organization="system:masters"),
        "apiserver-etcd-client": etcd_ca.issue("kube-apiserver-etcd-client", ("client",)),
        "admin": ca.issue("kubernetes-admin", ("client",), organization="system:masters"),
        "controller-manager": ca.issue("system:kube-controller-manager", ("client",)),
        "scheduler": ca.issue("system:kube-scheduler", ("client",)),
    }
    for host in cluster.masters:
        pairs |= _etcd_member(etcd_ca, host)
    for host in cluster.nodes:
        pairs |= _kubelet(ca, host)
    files = {f"{name}.crt": pair.certificate for name, pair in pairs.items()}
    files |= {f"{name}.key": pair.key for name, pair in pairs.items()}
    files["sa.key"], files["sa.pub"] = signing_key()
    return Pki(files)


def api_names(cluster: LabCluster) -> tuple[str, ...]:
    """Every DNS name by which somebody calls the API."""
    service = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", f"kubernetes.default.svc.{CLUSTER_DOMAIN}")
    masters = [name for host in cluster.masters for name in (host.name, host.fqdn)]
    return (*service, cluster.layout.endpoint_name, *masters, "localhost")


def api_addresses(cluster: LabCluster) -> tuple[IPAddress, ...]:
    """Every address by which somebody calls the API: the virtual IP, each master, the service, loopback."""
    return (
        *(vip.ip for vip in cluster.layout.vips),
        *(address for host in cluster.masters for address, _ in host.addresses),
        cluster.first_service_address,
        *LOOPBACK,
    )


def _etcd_member(authority: Authority, host: LabHost) -> dict[str, KeyPair]:
    """A member is server and client at once: it dials its peers, and its own gateway dials it."""
    names, addresses = (host.name, host.fqdn, "localhost"), (host.address, *LOOPBACK)
    return {
        f"{host.name}/etcd/{part}": authority.issue(host.fqdn, ("server", "client"), names=names, addresses=addresses)
        for part in ("server", "peer")
    }


def _kubelet(authority: Authority, host: LabHost) -> dict[str, KeyPair]:
    """The node authorizer knows a kubelet by this user and group; and the certificate that a kubelet serves logs and exec with."""
    names, addresses = (host.name, host.fqdn), (host.address,)
    return {
        f"{host.name}/kubelet": authority.issue(f"system:node:{host.fqdn}", ("client",), organization="system:nodes"),
        f"{host.name}/kubelet-server": authority.issue(host.fqdn, ("server",), names=names, addresses=addresses),
    }


def _facts(cluster: LabCluster) -> dict[str, list[str]]:
    """What the certificates depend on."""
    return {
        "names": list(api_names(cluster)),
        "addresses": [str(address) for address in api_addresses(cluster)],
        "nodes": [f"{'+'.join(host.roles)} {host.name} {host.fqdn} {host.address}" for host in cluster.nodes],
    }


def _save(pki: Pki, folder: Path) -> None:
    for name in pki:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        mode = 0o600 if path.suffix == ".key" else 0o644
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(pki[name])
    folder.chmod(0o700)


def _load(folder: Path) -> Pki:
    paths = [path for path in folder.rglob("*") if path.suffix in (".crt", ".key", ".pub")]
    return Pki({str(path.relative_to(folder)): path.read_bytes() for path in paths})
