"""What a node gets on which Kubespray installs Kubernetes, and the variables that only a lab needs."""

import re
from pathlib import Path

from ruamel.yaml import YAML

from twinkeel.lab.kubespray.hosts import FOLDERS, OVERLAY, ROUTES_UNIT, bare_cluster, bare_extras
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


def test_the_overlay_says_why_for_every_variable_and_leaves_ours_alone() -> None:
    lines = OVERLAY.read_text().splitlines()
    variables = YAML(typ="safe").load(OVERLAY.read_text())
    assert set(variables) & set(RESERVED_VARIABLES) <= {"enable_nodelocaldns"}
    reason = False
    for line in lines:
        if line.startswith("# ---") or line.rstrip().endswith("---") or not line:
            reason = False
        elif line.startswith("#"):
            reason = True
        else:
            assert reason, f"no reason stands above {line!r}"
    assert "restrict_oom_score_adj = true" in variables["containerd_max_container_log_line_size"]
