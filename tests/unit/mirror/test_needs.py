"""What a release says it needs, read into values; and the names of its variables."""

from pathlib import Path
from typing import Any

import pytest

from twinkeel.errors import ToolError
from twinkeel.mirror.needs import read_answers
from twinkeel.mirror.needs_playbook import needs_playbook, write_roles
from twinkeel.mirror.variable_names import VariableNames, read_variable_names

NAMES = VariableNames("kubelet_download_url", "kubelet_binary_checksum", "")
TABLE = """
kubelet_download_url: "https://example.com/kubelet"
downloads:
  kubelet: {url: "{{ kubelet_download_url }}", checksum: "{{ kubelet_binary_checksum }}"}
  etcd:
    url: "{{ etcd_download_url }}"
    sha256: >-
      {{ etcd_binary_checksum if (etcd_deployment_type == 'host')
      else etcd_digest_checksum|d(None) }}
  crds: {url: "{{ calico_crds_download_url }}", checksum: "{{ calico_crds_checksums[calico_version] }}"}
  pause: {repo: "{{ pod_infra_image_repo }}"}
"""


def answer(groups: list[str], **downloads: dict[str, Any]) -> dict[str, object]:
    return {
        "downloads": downloads,
        "groups": groups,
        "packages": ["curl", "conntrack"],
        "kube_version": "1.35.4",
        "kube_image_repo": "registry.k8s.io",
        "architecture": "amd64",
    }


def entry(**values: object) -> dict[str, Any]:
    return {"enabled": True, "file": True, "url": "https://example.com/kubelet", "dest": "/tmp/releases/kubelet", **values}


def checkout(tmp_path: Path, text: str = TABLE) -> Path:
    path = tmp_path / "roles/kubespray_defaults/defaults/main/download.yml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("values", "pin"),
    [
        ({"sha256": "ab12"}, "sha256:ab12"),
        ({"checksum": "sha256:ab12"}, "sha256:ab12"),
        ({"checksum": "sha512:ab12"}, "sha512:ab12"),
        ({"sha256": "None"}, ""),
        ({"sha256": 0}, ""),
        ({}, ""),
    ],
)
def test_pin_is_read_in_the_shape_of_every_release(values: dict[str, object], pin: str) -> None:
    needs = read_answers([answer(["k8s_cluster"], kubelet=entry(**values))], {"kubelet": NAMES})
    assert [file.pin for file in needs.files] == [pin]


@pytest.mark.parametrize("enabled", [True, "True", "true"])
def test_enabled_may_be_a_text(enabled: object) -> None:
    assert read_answers([answer([], kubelet=entry(enabled=enabled))], {"kubelet": NAMES}).files


@pytest.mark.parametrize("enabled", [False, "False", None, ""])
def test_what_is_not_enabled_is_not_needed(enabled: object) -> None:
    assert not read_answers([answer([], kubelet=entry(enabled=enabled))], {"kubelet": NAMES}).files


def test_a_download_for_other_groups_is_not_needed_there() -> None:
    mine, other = entry(groups=["etcd"]), entry(groups=["kube_node"])
    needs = read_answers([answer(["etcd"], kubelet=mine, kubectl=other)], {"kubelet": NAMES, "kubectl": NAMES})
    assert [file.name for file in needs.files] == ["kubelet"]


def test_hosts_of_all_kinds_count_and_nothing_comes_twice() -> None:
    image = {"enabled": True, "container": True, "repo": "quay.io/coreos/etcd", "tag": "v3.5.0", "groups": ["etcd"]}
    answers = [answer(["k8s_cluster"], kubelet=entry(), etcd=image), answer(["etcd"], kubelet=entry(), etcd=image)]
    needs = read_answers(answers, {"kubelet": NAMES, "etcd": NAMES})
    assert [file.name for file in needs.files] == ["kubelet"]
    assert [image.reference for image in needs.images] == ["quay.io/coreos/etcd:v3.5.0"]
    assert needs.packages == ("curl", "conntrack")
    assert (needs.kube_version, needs.kube_image_repo, needs.architecture) == ("v1.35.4", "registry.k8s.io", "amd64")


def test_an_image_with_a_checksum_is_pulled_by_its_digest() -> None:
    image = {"enabled": True, "container": True, "repo": "quay.io/calico/node", "tag": "v3", "sha256": "12ab"}
    needs = read_answers([answer([], calico=image)], {"calico": NAMES})
    assert [image.reference for image in needs.images] == ["quay.io/calico/node@sha256:12ab"]


def test_names_of_variables_come_from_the_table_of_downloads(tmp_path: Path) -> None:
    names = read_variable_names(checkout(tmp_path))
    assert names["kubelet"] == VariableNames("kubelet_download_url", "kubelet_binary_checksum", "sha256:")
    assert names["etcd"] == VariableNames("etcd_download_url", "etcd_binary_checksum", "")


def test_a_table_of_checksums_is_no_variable_for_one(tmp_path: Path) -> None:
    assert read_variable_names(checkout(tmp_path))["crds"].checksum == ""


def test_a_folder_that_is_no_release_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="no table of downloads"):
        read_variable_names(checkout(tmp_path, "kubelet_download_url: x\n"))


def test_the_playbook_has_only_variables_of_roles_and_none_of_their_tasks(tmp_path: Path) -> None:
    release, target = checkout(tmp_path / "release"), tmp_path / "roles"
    (release / "roles/kubespray_defaults/tasks").mkdir()
    (release / "roles/kubernetes/preinstall/vars").mkdir(parents=True)
    write_roles(release, target)
    assert (target / "kubespray_defaults/defaults/main/download.yml").read_text() == TABLE
    assert not (target / "kubespray_defaults/tasks").exists()
    play = needs_playbook(release)[0]
    assert play["roles"] == ["kubespray_defaults", "kubernetes/preinstall"]
    modules = {key for task in play["tasks"] for key in task} - {"name", "with_first_found"}  # type: ignore[attr-defined]
    assert modules == {"include_vars", "set_fact", "copy"}


def test_packages_under_conditions_are_asked_for_where_the_release_has_them(tmp_path: Path) -> None:
    release = checkout(tmp_path)
    assert "required_pkgs" in str(needs_playbook(release))
    variables = release / "roles/system_packages/vars/main.yml"
    variables.parent.mkdir(parents=True)
    variables.write_text("---\npkgs:\n  curl: []\n")
    assert "pkgs | dict2items" in str(needs_playbook(release))
    assert "required_pkgs" not in str(needs_playbook(release))
