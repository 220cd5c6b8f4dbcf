"""Kubespray's own validation accepts these inventories, each with a fault. That is why `check` must find them.

The faults are put into the rendered files, since a spec with one of them renders nothing. The specs are in
tests/unit/kubespray/test_missed_by_kubespray.py. Should Kubespray learn to find one, this test says so.
"""

from pathlib import Path

import pytest
from kubespray_checkouts import Release, releases
from test_boilerplate import ROOT, judge, write_inventory

FOUND = [release for release in releases() if release.tag == "v2.31.0"]
pytestmark = pytest.mark.skipif(not FOUND, reason="KUBESPRAY_DIR names no v2.31.0 that `twinkeel kubespray fetch` made")

ALL = "group_vars/all/all.yml"
CLUSTER = "group_vars/k8s_cluster/k8s-cluster.yml"


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        pytest.param(CLUSTER, "kube_pods_subnet: 10.233.64.0/18", "kube_pods_subnet: 10.233.0.0/16", id="networks-overlap"),
        pytest.param("hosts.yaml", "192.168.1.124", "192.168.1.115", id="one-address-twice"),
        pytest.param(ALL, "address: 192.168.1.110", "address: 192.168.1.101", id="virtual-ip-is-a-node"),
        pytest.param(CLUSTER, "kube_pods_subnet: 10.233.64.0/18", "kube_pods_subnet: 192.168.0.0/18", id="nodes-in-pod-network"),
        pytest.param(
            CLUSTER,
            "kube_service_addresses: 10.233.0.0/18",
            "kube_service_addresses: 192.168.1.0/24",
            id="nodes-in-service-network",
        ),
        pytest.param("hosts.yaml", "worker-2.lab-home.com", "Worker-2.lab-home.com", id="upper-case"),
        pytest.param(ALL, "loadbalancer_apiserver_localhost: false", "loadbalancer_apiserver_localhost: true", id="local-proxy"),
        pytest.param(ALL, "loadbalancer_apiserver_localhost: false", "kube_vip_enabled: true", id="kube-vip"),
    ],
)
def test_kubespray_lets_it_pass(file: str, old: str, new: str, tmp_path: Path) -> None:
    release: Release = FOUND[0]
    inventory = write_inventory(ROOT / "examples/lab-home.yaml", release, tmp_path)
    changed = tmp_path / file
    text = changed.read_text()
    assert old in text
    changed.write_text(text.replace(old, new))
    result = judge(release, inventory, tmp_path)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr
