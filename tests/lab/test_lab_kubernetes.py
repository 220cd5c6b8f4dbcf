"""The lab's cluster for real: etcd, API servers, controllers, kubelets, containers, and what they must not touch."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from labs import EXAMPLE, Lab

from twinkeel.cli.load import load_topology
from twinkeel.debian.packages import PrivateApt
from twinkeel.debian.suites import SUITES
from twinkeel.lab.kubernetes.api import Answer, ApiError, LabApi, admin_api
from twinkeel.lab.kubernetes.certificates import Authority
from twinkeel.lab.kubernetes.cluster import LabCluster, lab_cluster
from twinkeel.lab.kubernetes.pki import load_or_make_pki
from twinkeel.lab.kubernetes.programs import Binaries, program_version
from twinkeel.lab.kubernetes.readiness import NodeState, control_plane_readiness, wait_for_nodes

ETCDCTL = (
    "env ETCDCTL_API=3 etcdctl --endpoints=https://192.168.1.101:2379,https://192.168.1.103:2379,https://192.168.1.105:2379"
    " --cacert=/etc/kubernetes/pki/etcd/ca.crt"
)
CERTIFICATE = " --cert=/etc/kubernetes/pki/apiserver-etcd-client.crt --key=/etc/kubernetes/pki/apiserver-etcd-client.key"
NODES_DEADLINE = 90.0


@pytest.fixture(scope="module")
def cluster(lab: Lab) -> LabCluster:
    programs = (lab.paths.tools / "kubectl").resolve().parent
    version = program_version(programs / "kubelet")
    return lab_cluster(lab.layout, load_topology(EXAMPLE), Binaries(programs, version, "distribution"))


@pytest.fixture(scope="module")
def api(lab: Lab, cluster: LabCluster) -> LabApi:
    return admin_api(cluster, lab.paths)


@pytest.fixture
def virtual_ip(lab: Lab, api: LabApi, cluster: LabCluster) -> Iterator[None]:
    """The virtual IP, on a load balancer if a test has applied, otherwise on a control-plane host for as long as this lasts."""
    vip, port = lab.layout.vip, lab.layout.endpoint_port
    try:
        api.request(vip.ip, port, "GET", "/readyz")
    except ApiError:
        assert port == cluster.api_port
        assert lab.run("master-1", ["ip", "address", "add", str(vip), "dev", "eth0"]).returncode == 0
        yield
        assert lab.run("master-1", ["ip", "address", "del", str(vip), "dev", "eth0"]).returncode == 0
    else:
        yield


def get(api: LabApi, cluster: LabCluster, path: str) -> Answer:
    return api.request(cluster.masters[0].address, cluster.api_port, "GET", path)


def test_every_api_server_is_ready_under_verified_tls(api: LabApi, cluster: LabCluster) -> None:
    assert control_plane_readiness(api, cluster) == {"master-1": True, "master-2": True, "master-3": True}


def test_an_api_server_of_another_authority_would_be_refused(api: LabApi, cluster: LabCluster, tmp_path: Path, lab: Lab) -> None:
    other = replace(lab.paths, root=tmp_path)
    load_or_make_pki(other.pki, cluster)
    with pytest.raises(ApiError, match="CERTIFICATE_VERIFY_FAILED"):
        get(admin_api(cluster, other), cluster, "/readyz")


def test_a_client_of_another_authority_is_nobody(lab: Lab, api: LabApi, cluster: LabCluster, tmp_path: Path) -> None:
    stranger = Authority("kubernetes").issue("kubernetes-admin", ("client",), organization="system:masters")
    (tmp_path / "ca.crt").write_bytes((lab.paths.pki / "ca.crt").read_bytes())
    (tmp_path / "admin.crt").write_bytes(stranger.certificate)
    (tmp_path / "admin.key").write_bytes(stranger.key)
    folder = tmp_path / "lab"
    folder.mkdir()
    (folder / "pki").symlink_to(tmp_path)
    assert get(api, cluster, "/api/v1/nodes").status == 200
    assert get(admin_api(cluster, replace(lab.paths, root=folder)), cluster, "/api/v1/nodes").status == 401


def test_anonymous_health_checks_are_answered_and_nothing_else(lab: Lab) -> None:
    curl = ["curl", "--silent", "--cacert", "/etc/kubernetes/pki/ca.crt", "--output", "/dev/null", "--write-out", "%{http_code}"]
    assert lab.run("worker-1", [*curl, "https://master-2:6443/readyz"]).stdout == "200"
    assert lab.run("worker-1", [*curl, "https://master-2:6443/api/v1/nodes"]).stdout == "403"


def test_etcd_has_three_healthy_members_behind_certificates(lab: Lab) -> None:
    health = lab.run("master-1", f"{ETCDCTL}{CERTIFICATE} endpoint health --write-out=json".split())
    assert [member["health"] for member in json.loads(health.stdout)] == [True, True, True]
    refused = lab.run("master-1", [*ETCDCTL.split(), "--command-timeout=2s", "endpoint", "health"])
    assert refused.returncode != 0


def test_nodes_are_ready_through_the_virtual_ip(virtual_ip: None, api: LabApi, cluster: LabCluster) -> None:
    states = wait_for_nodes(api, cluster, NODES_DEADLINE, lambda step, fraction: None)
    roles = {"control_plane": ("control-plane",), "worker": ("worker",)}
    assert states == tuple(NodeState(host.fqdn, True, roles[host.role], f"v{cluster.version}") for host in cluster.nodes)


def test_one_of_three_controllers_leads(lab: Lab, api: LabApi, cluster: LabCluster) -> None:
    for component in ("kube-controller-manager", "kube-scheduler"):
        lease = get(api, cluster, f"/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/{component}").json
        assert lease["spec"]["holderIdentity"].split("_")[0] in {host.name for host in cluster.masters}
        for host in cluster.masters:
            assert lab.run(host.name, ["systemctl", "is-active", component]).stdout == "active\n"


def test_an_api_server_that_stops_says_so_while_it_still_serves(lab: Lab, api: LabApi, cluster: LabCluster) -> None:
    """The load balancers' checks live on this: /readyz fails first, requests fail later."""
    master = cluster.layout.host("master-3")
    try:
        assert lab.run(master.name, ["systemctl", "stop", "--no-block", "kube-apiserver"]).returncode == 0
        _poll(lambda: _status(api, cluster, "/readyz") == 500, 3.0)
        assert _status(api, cluster, "/api/v1/nodes") == 200
        _poll(lambda: _status(api, cluster, "/readyz") is None, 20.0)
    finally:
        assert lab.run(master.name, ["systemctl", "start", "kube-apiserver"]).returncode == 0
        _poll(lambda: _status(api, cluster, "/readyz") == 200, 60.0)


def test_an_api_server_that_is_killed_comes_back(lab: Lab, api: LabApi, cluster: LabCluster) -> None:
    assert lab.run("master-3", ["systemctl", "kill", "--signal=KILL", "kube-apiserver"]).returncode == 0
    _poll(lambda: _status(api, cluster, "/readyz") is None, 3.0)
    _poll(lambda: _status(api, cluster, "/readyz") == 200, 60.0)


def test_containers_run(lab: Lab) -> None:
    script = "mkdir -p /run/rootfs && mount --bind / /run/rootfs && ctr run --rm --rootfs /run/rootfs trial /bin/echo it runs"
    ended = lab.run("worker-2", ["sh", "-c", f"{script}; code=$?; umount /run/rootfs; exit $code"])
    assert (ended.returncode, ended.stdout) == (0, "it runs\n")


def test_a_node_cannot_change_the_machine_s_sysctls(lab: Lab) -> None:
    """kubelet finds what it demands, but writes to this host's shadow; all else but net/ is read-only."""
    machine = Path("/proc/sys/vm/overcommit_memory")
    before = machine.read_text()
    assert lab.run("worker-1", ["cat", str(machine)]).stdout == "1\n"
    other = "2" if before.strip() != "2" else "0"
    try:
        assert lab.run("worker-1", ["sh", "-c", f"echo {other} > {machine}"]).returncode == 0
        assert lab.run("worker-1", ["cat", str(machine)]).stdout == f"{other}\n"
        assert machine.read_text() == before
    finally:
        assert lab.run("worker-1", ["sh", "-c", f"echo 1 > {machine}"]).returncode == 0
    assert lab.run("worker-1", ["sh", "-c", "cat /proc/sys/vm/swappiness > /proc/sys/vm/swappiness"]).returncode != 0
    assert lab.run("worker-1", ["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]).returncode == 0


def test_a_kubelet_is_a_member_of_its_own_host_s_groups_alone(lab: Lab) -> None:
    """Shared groups would let one host's kubelet delete another's pods."""
    folder = "/sys/fs/cgroup/memory/kubepods"
    if lab.run("worker-1", ["test", "-d", "/sys/fs/cgroup/memory"]).returncode != 0:
        folder = "/sys/fs/cgroup/kubepods"
    assert lab.run("worker-1", ["mkdir", f"{folder}/trial"]).returncode == 0
    try:
        assert lab.run("worker-2", ["test", "-d", folder]).returncode == 0
        assert lab.run("worker-2", ["test", "-e", f"{folder}/trial"]).returncode == 1
    finally:
        assert lab.run("worker-1", ["rmdir", f"{folder}/trial"]).returncode == 0


def test_the_operator_has_the_cluster_s_own_kubectl(lab: Lab, cluster: LabCluster) -> None:
    answer = lab.run("operator", ["kubectl", "version", "--client", "--output=json"])
    assert json.loads(answer.stdout)["clientVersion"]["gitVersion"] == f"v{cluster.version}"


def test_no_unit_of_a_node_has_failed(lab: Lab, cluster: LabCluster) -> None:
    for host in cluster.nodes:
        assert lab.run(host.name, ["systemctl", "list-units", "--failed", "--plain", "--no-legend"]).stdout == ""


def test_a_source_package_leaves_the_machine_s_own_lists_alone(tmp_path: Path) -> None:
    before = sorted(path.name for path in Path("/var/lib/apt/lists").iterdir())
    apt = PrivateApt(tmp_path / "apt", SUITES["bookworm"])
    apt.folder.mkdir()
    apt.update()
    description = apt.source("hostname", tmp_path)
    assert "Source: hostname" in description.read_text()
    assert list(tmp_path.glob("hostname_*.tar.*"))
    assert sorted(path.name for path in Path("/var/lib/apt/lists").iterdir()) == before


def _status(api: LabApi, cluster: LabCluster, path: str) -> int | None:
    """What master-3 answers; None when it does not."""
    try:
        return api.request(cluster.layout.host("master-3").address, cluster.api_port, "GET", path).status
    except ApiError:
        return None


def _poll(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic_ns() + int(seconds * 1e9)
    while not condition():
        assert time.monotonic_ns() < deadline, f"not within {seconds} s"
        time.sleep(0.05)
