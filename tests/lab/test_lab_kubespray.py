"""Kubespray's own playbooks over SSH against the lab's bare hosts, as far as they go without the internet."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from labs import COMMAND_DEADLINE, EXAMPLE, HERE, ROOT, Lab, make_lab, twinkeel

TAG = "v2.31.0"
RELEASES = Path(os.environ.get("KUBESPRAY_DIR", "/nonexistent"))
pytestmark = pytest.mark.skipif(
    not (RELEASES / TAG / "complete.json").is_file(),
    reason=f"KUBESPRAY_DIR is not the folder in which `twinkeel kubespray fetch` put {TAG}",
)
HOSTS = ["master-1", "master-2", "master-3", "worker-1", "worker-2"]


@pytest.fixture(scope="module")
def bare_lab() -> Iterator[Lab]:
    """The seed's seven hosts, without Kubernetes."""
    yield from make_lab("test-kubespray", EXAMPLE, "--no-kubernetes")


def in_operator(lab: Lab, data: Path, *argv: str) -> tuple[int, str]:
    command = ["lab", "exec", "--name", lab.name, "operator", "--", "env", f"XDG_DATA_HOME={data}", "twinkeel", *argv]
    ended = twinkeel(*command, timeout=5 * COMMAND_DEADLINE)
    # Shown when a test fails.
    sys.stdout.write(f"$ twinkeel {' '.join(argv)}\n{ended.stdout}{ended.stderr}[exit {ended.returncode}]\n")
    return ended.returncode, ended.stdout + ended.stderr


def test_cluster_yml_goes_as_far_as_its_first_download(bare_lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "twinkeel").mkdir()
    (tmp_path / "twinkeel" / "kubespray").symlink_to(RELEASES.absolute())
    code, said = in_operator(bare_lab, tmp_path, "kubespray", "run")
    assert code == 3
    assert "the load balancers do not answer at 192.168.1.110 port 6443" in said
    assert in_operator(bare_lab, tmp_path, "apply")[0] == 0
    code, said = in_operator(
        bare_lab, tmp_path, "kubespray", "run", "--", "-e", f"@{HERE.relative_to(ROOT)}/kubespray-overlay.yaml"
    )
    assert code == 3, said
    assert "a download failed: the node has no way to the internet" in said
    log = next((tmp_path / "twinkeel/clusters/lab-home/logs").glob("run-*.log")).read_text()
    plays = re.findall(r"^[\d:]+ PLAY (.*)$", log, re.MULTILINE)
    assert plays[:5] == [
        "Check Ansible version",
        "Inventory setup and validation",
        "Install bastion ssh config",
        "Bootstrap hosts for Ansible",
        "Gather facts",
    ]
    assert plays[-1] == "Prepare for etcd install"
    *before, last = re.findall(r"^[\d:]+ TASK (.*?)  \(", log, re.MULTILINE)
    assert last == "container-engine/runc : Download_file | Download item"
    assert last not in before
    assert hosts_of(log, "kubernetes/preinstall : ", "ok|changed") == HOSTS
    assert hosts_of(log, last, "failed") == HOSTS
    # Nothing of Kubernetes is there yet.
    assert bare_lab.run("master-1", ["ls", "/usr/local/bin/kubelet"]).returncode != 0


def hosts_of(log: str, task: str, outcome: str) -> list[str]:
    """The hosts on which a task of that name (or of that role) ended in one of these ways."""
    found, inside = set(), False
    for line in log.splitlines():
        if " TASK " in line:
            inside = f" TASK {task}" in line
        elif inside and (ended := re.match(rf"[\d:]+   (?:{outcome}) (\S+)\.lab-home\.com", line)):
            found.add(ended[1])
    return sorted(found)
