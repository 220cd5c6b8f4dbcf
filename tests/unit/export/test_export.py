"""The exported project: the same bytes as the rendered files, passwords in one private file, nobody else's folder."""

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from twinkeel.errors import UsageError
from twinkeel.export.export import SECRETS_FILE, export_project
from twinkeel.export.exported.action_plugins.rendered_files import filled
from twinkeel.export.write_folder import MANIFEST
from twinkeel.render.render import render
from twinkeel.spec.secrets import Secrets
from twinkeel.topology.model import Topology

SECRETS = Secrets(vrrp_password="hunter22", metrics_password="topsecret")  # noqa: S106
PRIVATE_EDIT = (
    "failover: {profile: fast}",
    "failover: {authentication: password, vrrp_version: 2}\nhaproxy: {metrics: {address: host, user: prom, port: 9101}}",
)


@pytest.fixture
def private_topology(build_edited: Callable[..., Topology]) -> Topology:
    return build_edited(PRIVATE_EDIT)


def read_yaml(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe").load(path.read_text())
    return document


def everything(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), stat.S_IMODE(path.stat().st_mode))
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("trust", ["verified", "bootstrap"])
def test_every_file_comes_out_as_rendered(private_topology: Topology, tmp_path: Path, trust: str) -> None:
    export_project(private_topology, SECRETS, tmp_path)
    secrets = read_yaml(tmp_path / SECRETS_FILE)["secret_lines"]
    wanted = render(private_topology, "verified" if trust == "verified" else "bootstrap", SECRETS)
    for name, rendered in wanted.hosts.items():
        entries = read_yaml(tmp_path / f"host_vars/{name}.yaml")["rendered_files"]
        sources = {entry["path"]: entry["src"].replace("{{ trust }}", trust) for entry in entries}
        found = {path: filled((tmp_path / "files" / source).read_text(), source, secrets) for path, source in sources.items()}
        assert found == {file.path: file.content for file in rendered}
        assert [entry["mode"] for entry in entries] == [f"{file.mode:04o}" for file in rendered]
    used = {
        f"files/{entry['src'].replace('{{ trust }}', each)}"
        for name in wanted.hosts
        for entry in read_yaml(tmp_path / f"host_vars/{name}.yaml")["rendered_files"]
        for each in ("verified", "bootstrap")
    }
    assert {path for path in everything(tmp_path) if path.startswith("files/")} == used


def test_passwords_are_in_one_private_file_and_nowhere_else(private_topology: Topology, tmp_path: Path) -> None:
    assert export_project(private_topology, SECRETS, tmp_path).secrets
    digest = next(line for line in read_yaml(tmp_path / SECRETS_FILE)["secret_lines"].values() if "sha2" in line)
    hidden = (b"hunter22", b"topsecret", digest.strip().encode())
    found = {path for path, (data, _) in everything(tmp_path).items() if any(word in data for word in hidden)}
    assert found == {SECRETS_FILE}
    assert everything(tmp_path)[SECRETS_FILE][1] == 0o600


def test_without_passwords_there_is_no_file_for_them(lab_home_topology: Topology, tmp_path: Path) -> None:
    assert not export_project(lab_home_topology, Secrets(), tmp_path).secrets
    assert not (tmp_path / SECRETS_FILE).exists()
    assert SECRETS_FILE not in (tmp_path / "README.md").read_text()


def test_the_same_spec_gives_the_same_bytes_and_stale_files_go(private_topology: Topology, tmp_path: Path) -> None:
    first = export_project(private_topology, SECRETS, tmp_path)
    before = everything(tmp_path)
    (tmp_path / "roles/old.yml").write_text("stale\n")
    (tmp_path / "mine.txt").write_text("the user's\n")
    (tmp_path / MANIFEST).write_text((tmp_path / MANIFEST).read_text().replace('"site.yml"', '"roles/old.yml",\n "site.yml"'))
    again = export_project(private_topology, SECRETS, tmp_path)
    assert (first.written.changed, again.written.changed, again.written.removed) == (first.written.total, 0, 1)
    assert everything(tmp_path) == {**before, "mine.txt": (b"the user's\n", everything(tmp_path)["mine.txt"][1])}


def test_an_encrypted_secrets_file_stays(private_topology: Topology, tmp_path: Path) -> None:
    export_project(private_topology, SECRETS, tmp_path)
    (tmp_path / SECRETS_FILE).write_text("$ANSIBLE_VAULT;1.1;AES256\n6162\n")
    assert export_project(private_topology, SECRETS, tmp_path).written.kept == (SECRETS_FILE,)
    assert (tmp_path / SECRETS_FILE).read_text().startswith("$ANSIBLE_VAULT")


def test_a_folder_of_somebody_else_is_refused(lab_home_topology: Topology, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine\n")
    with pytest.raises(UsageError, match="not written by `twinkeel export`"):
        export_project(lab_home_topology, Secrets(), tmp_path)
    assert list(tmp_path.iterdir()) == [tmp_path / "thesis.txt"]
    with pytest.raises(UsageError, match="a file, not a folder"):
        export_project(lab_home_topology, Secrets(), tmp_path / "thesis.txt")


def test_a_list_that_leads_out_of_the_folder_removes_nothing(lab_home_topology: Topology, tmp_path: Path) -> None:
    folder, outside = tmp_path / "project", tmp_path / "outside.txt"
    export_project(lab_home_topology, Secrets(), folder)
    outside.write_text("mine\n")
    (folder / MANIFEST).write_text(f'["../outside.txt", "{outside}"]')
    export_project(lab_home_topology, Secrets(), folder)
    assert outside.exists()
