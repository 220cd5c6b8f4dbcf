"""What a release supports is read from its files, in each of the places where releases have kept it."""

from pathlib import Path

import pytest

import made_up_release as made_up
from twinkeel.kubespray.read_support import read_support
from twinkeel.spec.kubespray_releases import table_support
from twinkeel.spec.release_support import AnsibleRange

DEFAULTS = "roles/kubespray_defaults/defaults/main/main.yml"
CHECKSUMS = "roles/kubespray_defaults/vars/main/checksums.yml"
VALIDATION = "roles/validate_inventory/tasks/main.yml"


def test_a_release_that_the_table_does_not_have(tmp_path: Path) -> None:
    release = read_support("v2.33.0", made_up.write(tmp_path, made_up.newest_release()))
    assert release.read
    assert release.ranges() == ("1.35.0 to 1.35.12", "1.36.0 to 1.36.9", "1.37.0 to 1.37.2")
    assert {name: len(versions) for name, versions in release.versions.items()} == {"amd64": 26, "arm64": 26}
    assert (release.default, release.lowest) == ("1.37.2", "1.35.0")
    assert (release.ansible, release.pythons) == (AnsibleRange("2.20.0", "2.21.0"), (11, 14))
    assert (release.typed, release.ansible_2_9) == (True, False)
    assert (release.version_prefix, release.stack_switches, release.playbooks) == ("", True, "playbooks/")
    assert release.removed_variables == ("gone_long_ago", "gone_lately")


def test_an_old_release_with_its_old_places(tmp_path: Path) -> None:
    names = made_up.newest_first({"1.21": 1, "1.20": 7}, prefix="v")
    files = {
        "roles/download/defaults/main.yml": made_up.checksums({"amd64": names}),
        "roles/kubespray-defaults/defaults/main.yaml": made_up.settings("v1.20.7", "v1.20.2", "enable_dual_stack_networks: false"),
        "ansible_version.yml": made_up.ansible("2.9.0", "2.11.0"),
        "facts.yml": "- hosts: all\n",
    }
    release = read_support("v2.40.0", made_up.write(tmp_path, files))
    assert release.ranges() == ("1.20.2 to 1.20.7", "1.21.0 to 1.21.1")
    assert (release.default, release.lowest) == ("1.20.7", "1.20.2")
    assert (release.version_prefix, release.stack_switches, release.playbooks, release.ansible_2_9) == ("v", False, "", True)


@pytest.mark.parametrize(
    "place",
    [
        "roles/kubespray-defaults/defaults/main/checksums.yml",
        "roles/kubespray_defaults/defaults/main/checksums.yaml",
        "roles/kubespray_defaults/vars/another/place/hashes.yml",
    ],
)
def test_checksums_elsewhere(tmp_path: Path, place: str) -> None:
    files = made_up.newest_release()
    files[place] = files.pop(CHECKSUMS)
    assert read_support("v2.33.0", made_up.write(tmp_path, files)).installs("1.37.2") == "yes"


def test_vars_win_over_defaults_as_ansible_has_it(tmp_path: Path) -> None:
    files = made_up.newest_release()
    files["roles/kubespray_defaults/vars/main/main.yml"] = "kube_version: 1.36.1\n"
    assert read_support("v2.33.0", made_up.write(tmp_path, files)).default == "1.36.1"


def test_a_version_counts_where_all_three_programs_have_a_checksum(tmp_path: Path) -> None:
    names = made_up.newest_first({"1.37": 2})
    text = made_up.checksums(
        {"arm": names, "amd64": names, "arm64": names}, {"arm": names, "amd64": ["1.37.2"], "arm64": ["1.37.1"]}
    )
    release = read_support("v2.33.0", made_up.write(tmp_path, {**made_up.newest_release(), CHECKSUMS: text}))
    assert release.versions == {"amd64": ("1.37.1", "1.37.0"), "arm64": ("1.37.2", "1.37.0")}
    # Which architecture the nodes have is not known: what one of them can have is no fault.
    assert [release.installs(version) for version in ("1.37.2", "1.37.1", "1.37.3")] == ["yes", "yes", "no"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "kubelet_checksums: [",
        "kubelet_checksums: {amd64: text}",
        "kubelet_checksums: text",
        "kubelet_checksums: {amd64: {a: b}}",
    ],
)
def test_what_cannot_be_read_is_not_known(tmp_path: Path, text: str) -> None:
    files = {CHECKSUMS: text, DEFAULTS: "kube_version: [", VALIDATION: "- [", "playbooks/ansible_version.yml": "text"}
    release = read_support("v2.33.0", made_up.write(tmp_path, files))
    assert (release.versions, release.installs("1.37.0"), release.removed_variables) == ({}, "unknown", ())
    assert release.ansible == table_support("v2.33.0").ansible
    table = read_support("v2.31.0", tmp_path)
    assert table.versions == table_support("v2.31.0").versions
    assert (table.default, table.lowest) == ("1.35.4", "1.33.0")


def test_an_expression_that_nobody_has_seen_yet_is_not_guessed_at(tmp_path: Path) -> None:
    files = {**made_up.newest_release(), DEFAULTS: made_up.settings("{{ newest }}", "{{ oldest }}")}
    release = read_support("v2.33.0", made_up.write(tmp_path, files))
    assert (release.default, release.lowest, release.installs("1.35.0")) == ("", "", "yes")


@pytest.mark.parametrize("text", ["tasks: {}", "- vars: {removed_vars: text}", "- text", "- vars: {removed_vars: [{a: b}]}"])
def test_a_validation_of_another_kind_removes_nothing(tmp_path: Path, text: str) -> None:
    files = {**made_up.newest_release(), VALIDATION: text}
    assert read_support("v2.33.0", made_up.write(tmp_path, files)).removed_variables == ()


def test_removed_variables_in_a_block_of_the_older_role(tmp_path: Path) -> None:
    text = "- block:\n    - vars: {removed_vars: [old_path]}\n"
    files = {"roles/kubernetes/preinstall/tasks/0040-verify-settings.yml": text}
    assert read_support("v2.33.0", made_up.write(tmp_path, files)).removed_variables == ("old_path",)
