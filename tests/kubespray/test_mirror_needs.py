"""What real releases say they need: asked from each fetched one, with its own Ansible. No host is contacted."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from twinkeel.kubespray.inventory import write_inventory
from twinkeel.kubespray.release import Release
from twinkeel.mirror.distribution import VARIABLES
from twinkeel.mirror.manifest import FileEntry, Manifest, file_path
from twinkeel.mirror.needs import ask_needs
from twinkeel.mirror.variables import image_path, mirror_variables
from twinkeel.source import SourceFile
from twinkeel.spec.load import load
from twinkeel.topology.build import build

EXAMPLE = Path(__file__).parents[2] / "examples/lab-home.yaml"


def fetched() -> Mapping[str, Release]:
    named = os.environ.get("KUBESPRAY_DIR")
    folder = Path(named).absolute() if named else Path()
    candidates = [folder, *(sorted(folder.iterdir()) if named and folder.is_dir() else [])]
    releases = [Release(path.name, path) for path in candidates if named]
    return {release.tag: release for release in releases if (release.programs / "ansible-playbook").exists()}


RELEASES = fetched()
pytestmark = pytest.mark.skipif(not RELEASES, reason="KUBESPRAY_DIR names no fetched release")


@pytest.mark.parametrize("tag", sorted(RELEASES))
def test_a_release_names_every_file_with_a_checksum_and_a_variable(tag: str) -> None:
    # As all of today's releases have it by themselves; older ones began with Docker.
    needs = ask_needs(RELEASES[tag], None, {"container_manager": "containerd", "etcd_deployment_type": "host"})
    assert {"kubeadm", "kubelet", "kubectl", "etcd", "cni", "crictl"} <= {file.name for file in needs.files}
    for file in needs.files:
        assert file.pin.startswith("sha256:"), file
        assert file.url.startswith("https://"), file
        assert file.names.url.endswith("_download_url"), file
    assert f"{needs.kube_image_repo}/pause" in {image.repo for image in needs.images}
    assert "curl" in needs.packages


@pytest.mark.parametrize("tag", sorted(RELEASES))
def test_with_the_mirrors_variables_everything_comes_from_the_mirror(tag: str) -> None:
    settings: dict[str, object] = {"container_manager": "containerd", "etcd_deployment_type": "host", "helm_enabled": True}
    before = ask_needs(RELEASES[tag], None, settings)
    entries = [
        FileEntry(
            *(file.name, file_path(file.url), file.url, 1, "ab" * 32, "built here"),
            *(file.names.url, file.names.checksum, file.names.checksum_prefix),
            substitute="another program" if file.name == "kubelet" else "",
        )
        for file in before.files
    ]
    manifest = Manifest(tag, before.kube_version, before.architecture, files=tuple(entries))
    after = ask_needs(RELEASES[tag], None, {**settings, **mirror_variables(manifest, "10.9.8.7", 8480)})
    assert {file.name for file in after.files} == {file.name for file in before.files}
    assert {file.url for file in after.files} == {f"http://10.9.8.7:8480/{entry.path}" for entry in entries}
    assert {image.repo.split("/")[0] for image in after.images} == {"10.9.8.7:8481"}
    own = {f"10.9.8.7:8481/{image_path(image.reference)}" for image in before.images}
    assert {image.reference for image in after.images} == own
    pins = {file.name: file.pin for file in before.files} | {"kubelet": "sha256:" + "ab" * 32}
    assert {file.name: file.pin for file in after.files} == pins
    assert after.kube_image_repo == "10.9.8.7:8481"


@pytest.mark.parametrize("tag", [tag for tag in sorted(RELEASES) if tag == "v2.31.0"])
def test_the_clusters_settings_decide(tag: str, tmp_path: Path) -> None:
    loaded = load(SourceFile("twinkeel.yaml", EXAMPLE.read_text()))
    assert loaded.spec is not None
    topology = build(loaded.spec, tmp_path)
    inventory = write_inventory(topology, tmp_path / "cluster")
    needs = ask_needs(RELEASES[tag], inventory, {})
    names = {image.name for image in needs.images}
    assert needs.kube_version == f"v{topology.cluster.version}"
    assert "calico_node" in names
    # Our load balancers stand before the API servers, and the names come from the company's server.
    assert not {"nginx", "haproxy", "coredns"} & names
    with_helm = ask_needs(RELEASES[tag], inventory, {"helm_enabled": True})
    assert {file.name for file in with_helm.files} - {file.name for file in needs.files} == {"helm"}


@pytest.mark.parametrize("tag", [tag for tag in sorted(RELEASES) if tag == "v2.16.0"])
def test_with_the_distributions_settings_nothing_is_needed_that_debian_has_not(tag: str) -> None:
    needs = ask_needs(RELEASES[tag], None, VARIABLES)
    assert {file.name for file in needs.files} == {"kubeadm", "kubelet", "kubectl", "etcd", "cni", "crictl"}
    assert [image.reference for image in needs.images] == ["k8s.gcr.io/pause:3.3"]
    assert "containerd" in needs.packages
    assert not {"python-apt", "aufs-tools", "software-properties-common"} & set(needs.packages)
