"""The variables that point Kubespray at a mirror."""

import pytest

from twinkeel.mirror.manifest import FileEntry, Manifest
from twinkeel.mirror.variables import image_path, mirror_variables

PATH = "files/dl.k8s.io/v1.35.4/kubelet"


def manifest(tag: str, *, substitute: str = "", prefix: str = "sha256:") -> Manifest:
    names = ("kubelet_download_url", "kubelet_binary_checksum", prefix)
    file = FileEntry("kubelet", PATH, f"https://{PATH}", 3, "ab12", "x", *names, substitute)
    return Manifest(tag, "v1.35.4", "amd64", {"kube_network_plugin": "cni"}, (file,))


def test_files_come_from_the_mirror_with_the_releases_own_checksums() -> None:
    found = mirror_variables(manifest("v2.31.0"), "10.0.0.9", 8480)
    assert found["kubelet_download_url"] == f"http://10.0.0.9:8480/{PATH}"
    assert "kubelet_binary_checksum" not in found


@pytest.mark.parametrize(("prefix", "value"), [("", "ab12"), ("sha256:", "sha256:ab12")])
def test_a_substitute_brings_its_own_checksum(prefix: str, value: str) -> None:
    found = mirror_variables(manifest("v2.16.0", substitute="built here", prefix=prefix), "10.0.0.9", 8480)
    assert found["kubelet_binary_checksum"] == value


def test_images_come_from_the_next_port_without_tls() -> None:
    found = mirror_variables(manifest("v2.31.0"), "10.0.0.9", 8480)
    names = ("kube_image_repo", "gcr_image_repo", "docker_image_repo", "quay_image_repo", "github_image_repo")
    assert {found[name] for name in names} == {"10.0.0.9:8481"}
    mirrors = found["containerd_registries_mirrors"]
    assert mirrors[0]["prefix"] == "10.0.0.9:8481"  # type: ignore[index]
    assert mirrors[0]["mirrors"][0]["host"] == "http://10.0.0.9:8481"  # type: ignore[index]
    assert "containerd_registries" not in found


def test_older_releases_have_a_table_of_registries() -> None:
    found = mirror_variables(manifest("v2.16.0"), "10.0.0.9", 8480)
    assert found["containerd_registries"] == {"10.0.0.9:8481": "http://10.0.0.9:8481"}
    assert "containerd_registries_mirrors" not in found


def test_what_the_mirror_was_made_for_is_among_them() -> None:
    assert mirror_variables(manifest("v2.31.0"), "10.0.0.9", 8480)["kube_network_plugin"] == "cni"


def test_the_line_for_apt_and_an_ipv6_address() -> None:
    found = mirror_variables(manifest("v2.31.0"), "fd00::9", 8480)
    assert found["twinkeel_mirror_apt_line"] == "deb [trusted=yes] http://[fd00::9]:8480/apt ./"
    assert found["kube_image_repo"] == "[fd00::9]:8481"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("registry.k8s.io/pause:3.10", "pause:3.10"),
        ("docker.io/library/nginx:1.27", "library/nginx:1.27"),
        ("localhost/own:1", "own:1"),
        ("10.0.0.1:5000/own:1", "own:1"),
        ("calico/node:v3", "calico/node:v3"),
        ("busybox:1", "busybox:1"),
    ],
)
def test_an_image_keeps_its_path_behind_the_registry(name: str, path: str) -> None:
    assert image_path(name) == path
