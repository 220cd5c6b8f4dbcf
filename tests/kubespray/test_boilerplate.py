"""Kubespray's own validation of our inventories, for every release in KUBESPRAY_DIR. No host is contacted."""

import os
import subprocess
from pathlib import Path

import pytest
from kubespray_checkouts import Release, releases

from twinkeel.kubespray.read_support import read_support
from twinkeel.render.kubespray import render_kubespray
from twinkeel.source import SourceFile
from twinkeel.spec.kubespray_releases import REFUSES_IPV6
from twinkeel.spec.load import load
from twinkeel.topology.build import build

ROOT = Path(__file__).parents[2]
SPECS = sorted([*ROOT.glob("examples/*.yaml"), *ROOT.glob("tests/golden/specs/*.yaml"), *ROOT.glob("tests/kubespray/specs/*.yaml")])
FOUND = releases()
pytestmark = pytest.mark.skipif(not FOUND, reason="KUBESPRAY_DIR names no release that `twinkeel kubespray fetch` made")


def write_inventory(spec_file: Path, release: Release, folder: Path) -> Path:
    """hosts.yaml of a spec as it is for the release, with the newest Kubernetes that it installs by its own files."""
    spec = load(SourceFile(spec_file.name, spec_file.read_text())).spec
    assert spec is not None
    support = read_support(release.tag, release.checkout)
    kubernetes = spec.kubernetes.model_copy(update={"kubespray": release.tag, "version": support.ranges()[-1].rpartition(" ")[2]})
    topology = build(spec.model_copy(update={"kubernetes": kubernetes}), folder, support)
    if topology.endpoint.vip.version == 6 and not support.stack_switches:
        pytest.skip(f"{release.tag} knows no cluster without IPv4")
    if release.tag in REFUSES_IPV6 and topology.cluster.service_network6 is not None:
        pytest.skip(f"{release.tag} refuses every cluster with IPv6 (S094)")
    for file in render_kubespray(topology):
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.content)
    return folder / "hosts.yaml"


def judge(release: Release, inventory: Path, folder: Path, *extra: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": f"{release.programs}:{os.environ['PATH']}",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "ANSIBLE_CONFIG": str(release.checkout / "ansible.cfg"),
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(folder / "facts"),
        "ANSIBLE_CALLBACKS_ENABLED": "default",
    }
    playbook = release.checkout / "playbooks" / "boilerplate.yml"
    argv = [
        str(release.programs / "ansible-playbook"),
        "-i",
        str(inventory),
        str(playbook),
        "-e",
        "ansible_ssh_executable=/bin/false",
    ]
    return subprocess.run([*argv, *extra], env=environment, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize("spec_file", SPECS, ids=lambda path: path.stem)
@pytest.mark.parametrize("release", FOUND, ids=lambda release: release.tag)
def test_every_inventory_passes_every_release(release: Release, spec_file: Path, tmp_path: Path) -> None:
    result = judge(release, write_inventory(spec_file, release, tmp_path), tmp_path)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr
    assert "failed=0" in result.stdout


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("kube_network_plugin: calico", "kube_network_plugin: weave"),
        ("dns_mode: manual", "dns_mode: dnsmasq"),
        ('kube_version: "', 'kube_version: "9'),
    ],
)
@pytest.mark.parametrize("release", FOUND[-1:], ids=lambda release: release.tag)
def test_the_judge_is_strict(release: Release, old: str, new: str, tmp_path: Path) -> None:
    inventory = write_inventory(ROOT / "examples/lab-home.yaml", release, tmp_path)
    variables = tmp_path / "group_vars/k8s_cluster/k8s-cluster.yml"
    assert old in variables.read_text()
    variables.write_text(variables.read_text().replace(old, new))
    assert judge(release, inventory, tmp_path).returncode != 0
