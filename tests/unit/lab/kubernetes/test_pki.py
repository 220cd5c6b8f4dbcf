"""Certificates that a client verifies, keys that nobody else can read, and kubeconfigs that name the right server."""

import ssl
from base64 import b64decode
from dataclasses import replace
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from ruamel.yaml import YAML

from twinkeel.lab.kubernetes.certificates import KeyPair
from twinkeel.lab.kubernetes.cluster import LabCluster
from twinkeel.lab.kubernetes.kubeconfigs import admin_kubeconfig, controller_kubeconfig, kubelet_kubeconfig
from twinkeel.lab.kubernetes.pki import Pki, load_or_make_pki, make_pki

API_NAMES = [
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "lb.lab-home.com",
    *("master-1", "master-1.lab-home.com", "master-2", "master-2.lab-home.com", "master-3", "master-3.lab-home.com"),
    "localhost",
]
API_ADDRESSES = ["192.168.1.110", "192.168.1.101", "192.168.1.103", "192.168.1.105", "10.233.0.1", "127.0.0.1"]


def certificate(pki: Pki, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pki[f"{name}.crt"])


def subject(pki: Pki, name: str) -> tuple[str, str]:
    """User and group as Kubernetes reads them."""
    found = certificate(pki, name).subject
    groups = [str(item.value) for item in found.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    return str(found.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value), ",".join(groups)


def handshake(server: KeyPair, authority: bytes, name: str, folder: Path) -> None:
    """A whole TLS handshake in memory. Raises ssl.SSLError when the client does not believe the server."""
    file = folder / "server.pem"
    file.write_bytes(server.certificate + server.key)
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(file)
    client_context = ssl.create_default_context(cadata=authority.decode())
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(back, there, server_hostname=name)
    peer = server_context.wrap_bio(there, back, server_side=True)
    for side in (client, peer, client, peer):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    assert client.version() is not None


@pytest.mark.parametrize("name", [*API_NAMES, *API_ADDRESSES])
def test_the_api_is_believed_under_every_name(pki: Pki, tmp_path: Path, name: str) -> None:
    handshake(pki.pair("apiserver"), pki["ca.crt"], name, tmp_path)


@pytest.mark.parametrize("name", ["lb-1.lab-home.com", "192.168.1.111", "worker-1"])
def test_the_api_is_not_believed_under_another_name(pki: Pki, tmp_path: Path, name: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(pki.pair("apiserver"), pki["ca.crt"], name, tmp_path)


def test_another_cluster_s_authority_is_not_believed(pki: Pki, cluster: LabCluster, tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(pki.pair("apiserver"), make_pki(cluster)["ca.crt"], "lb.lab-home.com", tmp_path)


@pytest.mark.parametrize("part", ["server", "peer"])
def test_an_etcd_member_is_believed_by_etcd_s_own_authority_alone(pki: Pki, tmp_path: Path, part: str) -> None:
    member = pki.pair(f"master-2/etcd/{part}")
    handshake(member, pki["etcd/ca.crt"], "192.168.1.103", tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(member, pki["ca.crt"], "192.168.1.103", tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(member, pki["etcd/ca.crt"], "192.168.1.101", tmp_path)


@pytest.mark.parametrize(
    ("name", "user", "group"),
    [
        ("admin", "kubernetes-admin", "system:masters"),
        ("worker-1/kubelet", "system:node:worker-1.lab-home.com", "system:nodes"),
        ("master-3/kubelet", "system:node:master-3.lab-home.com", "system:nodes"),
        ("controller-manager", "system:kube-controller-manager", ""),
        ("scheduler", "system:kube-scheduler", ""),
        ("apiserver-kubelet-client", "kube-apiserver-kubelet-client", "system:masters"),
    ],
)
def test_who_a_client_certificate_is(pki: Pki, name: str, user: str, group: str) -> None:
    assert subject(pki, name) == (user, group)
    usage = certificate(pki, name).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [x509.ExtendedKeyUsageOID.CLIENT_AUTH]
    certificate(pki, name).verify_directly_issued_by(certificate(pki, "ca"))


def test_only_authorities_may_sign(pki: Pki) -> None:
    authorities = set()
    for name in pki:
        if name.endswith(".crt"):
            constraints = certificate(pki, name.removesuffix(".crt")).extensions.get_extension_for_class(x509.BasicConstraints)
            if constraints.value.ca:
                authorities.add(name)
    assert authorities == {"ca.crt", "etcd/ca.crt", "front-proxy-ca.crt"}


def test_keys_are_for_their_owner_alone_and_survive_on_disk(cluster: LabCluster, tmp_path: Path) -> None:
    made = load_or_make_pki(tmp_path / "pki", cluster)
    files = list((tmp_path / "pki").rglob("*.key"))
    assert len(files) == sum(name.endswith(".key") for name in made)
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert (tmp_path / "pki").stat().st_mode & 0o777 == 0o700
    again = load_or_make_pki(tmp_path / "pki", cluster)
    assert {name: again[name] for name in again} == {name: made[name] for name in made}


def test_another_virtual_ip_gets_new_certificates(cluster: LabCluster, tmp_path: Path) -> None:
    made = load_or_make_pki(tmp_path / "pki", cluster)
    moved = replace(cluster, layout=replace(cluster.layout, vips=(IPv4Interface("192.168.1.99/24"),)))
    fresh = load_or_make_pki(tmp_path / "pki", moved)
    assert fresh["ca.crt"] != made["ca.crt"]
    handshake(fresh.pair("apiserver"), fresh["ca.crt"], "192.168.1.99", tmp_path)
    assert not list(tmp_path.glob("pki.new"))


def test_a_run_killed_halfway_is_forgotten(cluster: LabCluster, tmp_path: Path) -> None:
    (tmp_path / "pki.new").mkdir()
    (tmp_path / "pki.new" / "ca.key").write_text("half")
    (tmp_path / "pki").mkdir()
    (tmp_path / "pki" / "ca.crt").write_text("half")
    assert load_or_make_pki(tmp_path / "pki", cluster)["ca.crt"].startswith(b"-----BEGIN CERTIFICATE-----")


def test_no_secret_is_shown_by_accident(pki: Pki) -> None:
    assert "PRIVATE" not in repr(pki) + repr(pki.pair("admin"))


def read(content: bytes) -> Any:
    return YAML(typ="safe").load(content)


def test_the_administrator_s_kubeconfig_is_kubespray_s(cluster: LabCluster, pki: Pki) -> None:
    config = read(admin_kubeconfig(cluster, pki))
    assert config["current-context"] == "kubernetes-admin-lab-home@lab-home"
    assert config["contexts"] == [
        {"name": config["current-context"], "context": {"cluster": "lab-home", "user": "kubernetes-admin-lab-home"}}
    ]
    (entry,) = config["clusters"]
    assert entry["name"] == "lab-home"
    assert entry["cluster"]["server"] == "https://lb.lab-home.com:8443"
    assert b64decode(entry["cluster"]["certificate-authority-data"]) == pki["ca.crt"]
    (user,) = config["users"]
    assert user["name"] == "kubernetes-admin-lab-home"
    assert b64decode(user["user"]["client-certificate-data"]) == pki["admin.crt"]
    assert b64decode(user["user"]["client-key-data"]) == pki["admin.key"]


def test_kubelets_know_the_endpoint_and_controllers_their_own_host(cluster: LabCluster, pki: Pki) -> None:
    worker = cluster.layout.host("worker-1")
    assert read(kubelet_kubeconfig(cluster, pki, worker))["clusters"][0]["cluster"]["server"] == "https://lb.lab-home.com:8443"
    for component in ("controller-manager", "scheduler"):
        assert read(controller_kubeconfig(cluster, pki, component))["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:6443"


@pytest.mark.parametrize("name", ["123", "true", "null", "1e5"])
def test_a_cluster_may_be_called_what_yaml_takes_for_something_else(cluster: LabCluster, pki: Pki, name: str) -> None:
    config = read(admin_kubeconfig(replace(cluster, name=name), pki))
    assert config["clusters"][0]["name"] == name
    assert config["contexts"][0]["context"]["cluster"] == name
