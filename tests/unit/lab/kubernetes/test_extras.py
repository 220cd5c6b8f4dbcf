"""What each host is given: complete, private where it must be, and with options that its version of Kubernetes knows."""

import json
import re
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest

from twinkeel.errors import LabError
from twinkeel.lab.kubernetes.cluster import LabCluster
from twinkeel.lab.kubernetes.extras import host_extras
from twinkeel.lab.kubernetes.pki import Pki
from twinkeel.lab.kubernetes.programs import Binaries
from twinkeel.lab.model import HostExtras, HostFile, LabPaths

NODES = ["master-1", "master-2", "master-3", "worker-1", "worker-2"]
UNITS = "/etc/systemd/system/"


@pytest.fixture
def extras_of(pki: Pki, binaries: Binaries, tmp_path: Path) -> Any:
    def extras(cluster: LabCluster, name: str) -> HostExtras:
        return host_extras(cluster, pki, binaries, LabPaths(tmp_path / "lab"), cluster.layout.host(name))

    return extras


def by_path(extras: HostExtras) -> dict[str, HostFile]:
    return {file.path: file for file in extras.files}


def unit(extras: HostExtras, name: str) -> str:
    return by_path(extras)[f"{UNITS}{name}.service"].content.decode()


def config(extras: HostExtras) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(by_path(extras)["/etc/kubernetes/kubelet-config.yaml"].content)
    return loaded


@pytest.mark.parametrize("name", ["lb-1", "lb-2", "client", "operator"])
def test_hosts_outside_the_cluster_get_nothing(cluster: LabCluster, extras_of: Any, name: str) -> None:
    assert extras_of(cluster, name) == HostExtras()


@pytest.mark.parametrize("name", NODES)
def test_whatever_a_unit_or_a_kubeconfig_names_is_there(cluster: LabCluster, extras_of: Any, name: str) -> None:
    """A certificate that a unit asks for and nobody wrote would only be seen when the host boots."""
    extras = extras_of(cluster, name)
    files = by_path(extras)
    programs = {bind.target for bind in extras.bind_ro}
    named = set()
    for file in extras.files:
        named |= set(re.findall(r"/etc/(?:kubernetes|containerd)/[\w./-]+\.(?:crt|key|pub|conf|yaml|toml)", file.content.decode()))
        named |= set(re.findall(r"/usr/local/lib/[\w./-]+", file.content.decode()))
        used = set(re.findall(r"/usr/local/bin/[\w-]+", file.content.decode()))
        assert used <= programs
    assert named, "the units name no file at all"
    assert named - set(files) == set()


@pytest.mark.parametrize("name", NODES)
def test_every_enabled_unit_is_written_and_nothing_twice(cluster: LabCluster, extras_of: Any, name: str) -> None:
    extras = extras_of(cluster, name)
    paths = [file.path for file in extras.files]
    assert len(paths) == len(set(paths))
    assert {UNITS + name for name in extras.enable} <= set(paths)


@pytest.mark.parametrize("name", NODES)
def test_where_kubelets_cannot_work_none_is_started_and_the_control_plane_is(
    cluster: LabCluster, pki: Pki, binaries: Binaries, tmp_path: Path, name: str
) -> None:
    host = cluster.layout.host(name)
    extras = host_extras(cluster, pki, binaries, LabPaths(tmp_path / "lab"), host, nodes=False)
    assert not {"kubelet.service", "containerd.service"} & set(extras.enable)
    assert ("kube-apiserver.service" in extras.enable) == (host.role == "control_plane")
    assert f"{UNITS}kubelet.service" in by_path(extras)


@pytest.mark.parametrize("name", NODES)
def test_a_nodes_journald_does_not_wait_for_dev_null(cluster: LabCluster, extras_of: Any, name: str) -> None:
    extras = extras_of(cluster, name)
    assert "--bind=/dev/null:/dev/kmsg" in extras.nspawn_args
    assert by_path(extras)["/etc/systemd/journald.conf.d/node.conf"].content == b"[Journal]\nReadKMsg=no\n"


@pytest.mark.parametrize("name", NODES)
def test_secrets_are_for_root_alone(cluster: LabCluster, extras_of: Any, name: str) -> None:
    extras = extras_of(cluster, name)
    for file in extras.files:
        secret = b"PRIVATE KEY" in file.content or b"client-key-data" in file.content
        assert file.mode == (0o600 if secret else file.mode & 0o755), file.path
        kubeconfig = file.path.startswith("/etc/kubernetes/") and file.path.endswith(".conf")
        assert secret == (file.path.endswith(".key") or kubeconfig), file.path


def test_a_worker_holds_no_secret_of_the_control_plane(cluster: LabCluster, extras_of: Any, pki: Pki) -> None:
    extras = extras_of(cluster, "worker-1")
    contents = b"".join(file.content for file in extras.files)
    for name in pki:
        if name.endswith(".key") and not name.startswith("worker-1/"):
            assert pki[name] not in contents, name
    assert extras.enable == ("containerd.service", "kubelet.service")
    assert [bind.target for bind in extras.bind_ro] == ["/usr/local/bin/kubelet"]


def test_a_master_holds_its_own_member_s_key_only(cluster: LabCluster, extras_of: Any, pki: Pki) -> None:
    files = by_path(extras_of(cluster, "master-2"))
    assert files["/etc/kubernetes/pki/etcd/server.key"].content == pki["master-2/etcd/server.key"]
    assert files["/etc/kubernetes/pki/etcd/peer.key"].content == pki["master-2/etcd/peer.key"]
    assert pki["master-1/etcd/peer.key"] not in b"".join(file.content for file in files.values())


def test_etcd_knows_all_three_members_and_trusts_certificates_alone(cluster: LabCluster, extras_of: Any) -> None:
    text = unit(extras_of(cluster, "master-2"), "etcd")
    members = "master-1=https://192.168.1.101:2380,master-2=https://192.168.1.103:2380,master-3=https://192.168.1.105:2380"
    assert f"--initial-cluster={members} " in text
    assert "--client-cert-auth=true" in text
    assert "--pre-vote=true" in text
    assert "--peer-client-cert-auth=true" in text
    assert "http://0.0.0.0" not in text


def test_an_api_server_drains_and_asks_its_own_etcd_member(cluster: LabCluster, extras_of: Any) -> None:
    text = unit(extras_of(cluster, "master-1"), "kube-apiserver")
    assert "--etcd-servers=https://127.0.0.1:2379 " in text
    assert "--shutdown-delay-duration=5s" in text
    assert "TimeoutStopSec=30" in text, "no more than a static pod gets"
    assert "--authorization-mode=Node,RBAC" in text
    assert "--secure-port=6443" in text


def test_state_lies_on_the_machine_s_own_file_system(cluster: LabCluster, extras_of: Any, tmp_path: Path) -> None:
    binds = {bind.target: bind.source for bind in extras_of(cluster, "master-1").bind}
    assert set(binds) == {"/var/lib/etcd", "/var/lib/containerd", "/var/lib/kubelet"}
    assert all(source.is_relative_to(tmp_path / "lab" / "hosts" / "master-1") for source in binds.values())
    assert "/var/lib/etcd" not in {bind.target for bind in extras_of(cluster, "worker-1").bind}


def test_kubelet_1_20_is_told_its_runtime_by_flags(cluster: LabCluster, extras_of: Any) -> None:
    extras = extras_of(cluster, "worker-1")
    assert "--container-runtime=remote" in unit(extras, "kubelet")
    assert "--container-runtime-endpoint=unix:///run/containerd/containerd.sock" in unit(extras, "kubelet")
    assert {"containerRuntimeEndpoint", "failCgroupV1"}.isdisjoint(config(extras))
    assert "--port=0" in unit(extras_of(cluster, "master-1"), "kube-scheduler")


def test_kubelet_1_35_is_told_its_runtime_by_its_config(new_cluster: LabCluster, extras_of: Any) -> None:
    """`--container-runtime` went in 1.27; a kubelet that meets an unknown flag does not start."""
    extras = extras_of(new_cluster, "worker-1")
    assert "--container-runtime" not in unit(extras, "kubelet")
    assert config(extras)["containerRuntimeEndpoint"] == "unix:///run/containerd/containerd.sock"
    assert config(extras)["failCgroupV1"] is False
    for controller in ("kube-scheduler", "kube-controller-manager"):
        assert "--port=" not in unit(extras_of(new_cluster, "master-1"), controller)


def test_the_machine_s_sysctls_are_shadowed_and_never_written(cluster: LabCluster, extras_of: Any) -> None:
    script = by_path(extras_of(cluster, "worker-1"))["/usr/local/lib/twinkeel-lab/node-mounts"]
    assert script.mode == 0o755
    text = script.content.decode()
    assert "shadow vm/overcommit_memory 1\n" in text
    assert "shadow kernel/panic 10\n" in text
    assert not re.search(r"remount\S* /proc/sys", text)


def test_every_node_has_a_pod_range_of_its_own(cluster: LabCluster, extras_of: Any) -> None:
    ranges = []
    for name in NODES:
        network = json.loads(by_path(extras_of(cluster, name))["/etc/cni/net.d/10-twinkeel-lab.conflist"].content)
        ranges.append(IPv4Network(network["plugins"][0]["ipam"]["ranges"][0][0]["subnet"]))
    assert len(set(ranges)) == len(NODES)
    assert all(part.subnet_of(IPv4Network("10.233.64.0/18")) and part.prefixlen == 24 for part in ranges)


@pytest.mark.parametrize(("network", "last"), [("10.9.0.0/24", "10.9.0.128/27"), ("10.9.0.0/25", "10.9.0.64/28")])
def test_a_small_pod_network_is_split_further(cluster: LabCluster, network: str, last: str) -> None:
    small = _with_pods(cluster, network)
    assert str(small.pod_range(small.layout.host("worker-2"))) == last


def test_a_pod_network_that_is_too_small_is_refused(cluster: LabCluster) -> None:
    small = _with_pods(cluster, "10.9.0.0/28")
    with pytest.raises(LabError, match="too small for 5 nodes"):
        small.pod_range(small.layout.host("worker-2"))


def _with_pods(cluster: LabCluster, network: str) -> LabCluster:
    pods = IPv4Network(network)
    return LabCluster(cluster.layout, cluster.name, cluster.version, cluster.api_port, pods, cluster.service_network)
