"""The lab with Kubernetes programs of your own, such as a release that Debian does not have: nodes, flags and drills.

With TWINKEEL_TEST_KUBERNETES=DIR alone, a folder for `lab up --kubernetes DIR`.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from labs import EXAMPLE, Lab, make_lab

from twinkeel.cli.load import load_topology
from twinkeel.lab.kubernetes.api import admin_api
from twinkeel.lab.kubernetes.cluster import LabCluster, lab_cluster
from twinkeel.lab.kubernetes.programs import Binaries, check_folder
from twinkeel.lab.kubernetes.readiness import wait_for_nodes
from twinkeel.topology.api_server import balanced_arguments

# Milliseconds. Any machine, however busy: what is measured belongs to benchmarks.
BUDGET = "5000"
NODES_DEADLINE = 120.0
FOLDER = os.environ.get("TWINKEEL_TEST_KUBERNETES")
DRILLS = ("reboot-holder", "haproxy-stop", "power-loss", "api-server-stop", "api-server-kill", "control-plane-power-loss")
TOPOLOGY = load_topology(EXAMPLE)


@pytest.fixture(scope="module")
def programs() -> Binaries:
    if not FOLDER:
        pytest.skip("TWINKEEL_TEST_KUBERNETES=DIR names a folder of Kubernetes programs to try")
    return check_folder(Path(FOLDER))


@pytest.fixture(scope="module")
def lab(programs: Binaries) -> Iterator[Lab]:
    for made in make_lab("test-given", EXAMPLE, "--kubernetes", str(programs.dir)):
        ended = made.run("operator", ["twinkeel", "apply"])
        assert ended.returncode == 0, ended.stdout + ended.stderr
        yield made


@pytest.fixture(scope="module")
def cluster(lab: Lab, programs: Binaries) -> LabCluster:
    return lab_cluster(lab.layout, TOPOLOGY, programs)


def test_status_says_which_programs_run(lab: Lab, programs: Binaries) -> None:
    said = f"Kubernetes {programs.version} (from {programs.dir})"
    assert json.loads(lab.command("status", "--format", "json").stdout)["kubernetes"].startswith(said)
    assert said in lab.command("status").stdout


def test_every_node_is_ready_through_the_virtual_ip(lab: Lab, cluster: LabCluster) -> None:
    states = wait_for_nodes(admin_api(cluster, lab.paths), cluster, NODES_DEADLINE, lambda step, fraction: None)
    assert [state.version for state in states] == [f"v{cluster.version}"] * len(cluster.nodes)


def test_api_servers_run_with_what_kubespray_would_give_them(lab: Lab, cluster: LabCluster) -> None:
    for master in cluster.masters:
        argv = lab.run(master.name, ["sh", "-c", "tr '\\0' ' ' < /proc/$(pidof kube-apiserver)/cmdline"]).stdout.split()
        wanted = balanced_arguments(TOPOLOGY.cluster, cluster.version)
        assert wanted
        assert {f"--{name}={value}" for name, value in wanted.items()} <= set(argv)


def test_no_unit_has_failed(lab: Lab) -> None:
    for host in lab.layout.with_role("load_balancer", "control_plane", "worker"):
        assert lab.run(host.name, ["systemctl", "list-units", "--failed", "--plain", "--no-legend"]).stdout == "", host.name


@pytest.mark.parametrize("drill", DRILLS)
def test_a_drill_passes(lab: Lab, drill: str, tmp_path: Path) -> None:
    ended = lab.drill(tmp_path, drill, "--budget", BUDGET)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert [json.loads(line)["verdict"] for line in ended.stdout.splitlines()] == ["pass"]


def test_the_api_comes_back_when_etcd_has_its_majority_again(lab: Lab, tmp_path: Path) -> None:
    ended = lab.drill(tmp_path, "two-of-three-lost", "etcd-leader-kill")
    assert ended.returncode == 0, ended.stdout + ended.stderr
