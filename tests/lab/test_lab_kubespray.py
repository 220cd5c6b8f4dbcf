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
MASTERS = ["master-1", "master-2", "master-3"]
HOSTS = [*MASTERS, "worker-1", "worker-2"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with the releases in it."""
    (tmp_path / "twinkeel").mkdir()
    (tmp_path / "twinkeel" / "kubespray").symlink_to(RELEASES.absolute())
    return tmp_path


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


def test_cluster_yml_goes_as_far_as_its_first_download(bare_lab: Lab, data: Path) -> None:
    code, said = in_operator(bare_lab, data, "kubespray", "run")
    assert code == 3
    assert "the load balancers do not answer at 192.168.1.110 port 6443" in said
    assert in_operator(bare_lab, data, "apply")[0] == 0
    code, said = in_operator(bare_lab, data, "kubespray", "run", "--", "-e", f"@{HERE.relative_to(ROOT)}/kubespray-overlay.yaml")
    assert code == 3, said
    assert "a download failed: the node has no way to the internet" in said
    log = next((data / "twinkeel/clusters/lab-home/logs").glob("run-*.log")).read_text()
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


def test_backends_go_and_come_with_the_playbooks(bare_lab: Lab, data: Path) -> None:
    """The playbooks themselves are read and not run (--syntax-check); everything around them is real."""
    assert in_operator(bare_lab, data, "apply")[0] == 0
    assert backends(bare_lab) == {"lb-1": MASTERS, "lb-2": MASTERS}
    removal = ("kubespray", "remove-node", "master-2", "master-3", "--ansible", "--syntax-check")
    assert in_operator(bare_lab, data, *removal)[0] == 0
    assert backends(bare_lab) == {"lb-1": MASTERS[:1], "lb-2": MASTERS[:1]}
    bare_lab.command("cut", "worker-2")
    code, said = in_operator(bare_lab, data, "kubespray", "run", "--", "--syntax-check")
    bare_lab.command("heal", "worker-2")
    assert code == 3
    assert "1 thing stands in the way" in said
    assert "worker-2: " in said
    assert backends(bare_lab) == {"lb-1": MASTERS[:1], "lb-2": MASTERS[:1]}
    assert in_operator(bare_lab, data, "kubespray", "run", "--", "--syntax-check")[0] == 0
    assert backends(bare_lab) == {"lb-1": MASTERS, "lb-2": MASTERS}


def backends(lab: Lab) -> dict[str, list[str]]:
    """The control-plane hosts that each load balancer's HAProxy is configured with."""
    configured = {name: lab.run(name, ["cat", "/etc/haproxy/haproxy.cfg"]).stdout for name in ("lb-1", "lb-2")}
    return {name: sorted(set(re.findall(r"^ *server (master-\d) ", text, re.MULTILINE))) for name, text in configured.items()}


def hosts_of(log: str, task: str, outcome: str) -> list[str]:
    """The hosts on which a task of that name (or of that role) ended in one of these ways."""
    found, inside = set(), False
    for line in log.splitlines():
        if " TASK " in line:
            inside = f" TASK {task}" in line
        elif inside and (ended := re.match(rf"[\d:]+   (?:{outcome}) (\S+)\.lab-home\.com", line)):
            found.add(ended[1])
    return sorted(found)
