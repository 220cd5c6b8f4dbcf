"""What a node gets on which Kubespray installs Kubernetes, and the variables that only a lab needs."""

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from twinkeel.lab.kubespray.hosts import FOLDERS, OLD_OVERLAY, OVERLAY, ROUTES_UNIT, bare_cluster, bare_extras, overlay_for
from twinkeel.lab.layout import build_layout
from twinkeel.lab.model import HostExtras, LabPaths
from twinkeel.spec.kubespray_variables import RESERVED_VARIABLES
from twinkeel.topology.model import Topology


def extras(topology: Topology, name: str) -> HostExtras:
    layout = build_layout(topology, "bare")
    return bare_extras(bare_cluster(layout, topology), LabPaths(Path("/lab")), layout.host(name))


def text(found: HostExtras, name: str) -> str:
    return next(file.content.decode() for file in found.files if file.path.endswith(name))


def test_a_node_reaches_the_pods_of_every_other_node(lab_home_topology: Topology) -> None:
    routes = re.findall(r"ip route replace (\S+) via (\S+) table 100", text(extras(lab_home_topology, "master-2"), ROUTES_UNIT))
    assert [gateway for _, gateway in routes] == ["192.168.1.101", "192.168.1.105", "192.168.1.115", "192.168.1.124"]
    own = [network for network, _ in routes]
    assert len(set(own)) == 4
    assert text(extras(lab_home_topology, "worker-1"), "conflist").count('"subnet": "10.233.67.0/24"') == 1
    assert "10.233.67.0/24" in own


def test_disks_of_a_node_are_no_overlay_and_other_hosts_get_nothing(lab_home_topology: Topology) -> None:
    found = extras(lab_home_topology, "worker-2")
    assert [bind.target for bind in found.bind] == list(FOLDERS)
    assert {bind.source.parent for bind in found.bind} == {Path("/lab/hosts/worker-2/state")}
    assert set(found.enable) == {"twinkeel-node-mounts.service", ROUTES_UNIT}
    for name in ("lb-1", "client", "operator"):
        assert extras(lab_home_topology, name) == HostExtras()


@pytest.mark.parametrize("path", [OVERLAY, OLD_OVERLAY], ids=lambda path: path.stem)
def test_an_overlay_says_why_for_every_variable_and_leaves_ours_alone(path: Path) -> None:
    variables = YAML(typ="safe").load(path.read_text())
    assert set(variables) & set(RESERVED_VARIABLES) <= {"enable_nodelocaldns"}
    reason = False
    for line in path.read_text().splitlines():
        if line.startswith("# ---") or line.rstrip().endswith("---") or not line:
            reason = False
        elif line.startswith("#"):
            reason = True
        else:
            assert reason, f"no reason stands above {line!r}"


def test_each_release_gets_the_overlay_that_it_understands() -> None:
    def read(tag: str) -> dict[str, Any]:
        return dict(YAML(typ="safe").load(overlay_for(tag).read_text()))

    assert "restrict_oom_score_adj = true" in read("v2.16.0")["containerd_max_container_log_line_size"]
    for tag in ("v2.31.0", "v2.32.0", "v2.33.0"):
        assert read(tag)["containerd_extra_runtime_args"] == {"restrict_oom_score_adj": True}
        # ansible-core 2.19 refuses a text where true or false is meant.
        assert read(tag)["kubelet_fail_cgroup_v1"] is False
