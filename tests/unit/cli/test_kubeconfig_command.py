"""`twinkeel kubeconfig` as typed: where it writes, what it prints, what it refuses. The proof has tests of its own."""

import stat
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from twinkeel.cli.kubeconfig import app
from twinkeel.errors import HostError, UsageError

SPEC = str(Path(__file__).parents[3] / "examples/lab-home.yaml")
ADMIN = """\
apiVersion: v1
kind: Config
clusters:
- cluster: {certificate-authority-data: QQ==, server: "https://127.0.0.1:6443"}
  name: cluster.local
contexts:
- context: {cluster: cluster.local, user: kubernetes-admin-cluster.local}
  name: kubernetes-admin-cluster.local@cluster.local
current-context: kubernetes-admin-cluster.local@cluster.local
users:
- name: kubernetes-admin-cluster.local
  user: {client-certificate-data: QQ==, client-key-data: QQ==}
"""
OTHERS = """\
apiVersion: v1
kind: Config
# mine
clusters: [{name: old, cluster: {server: "https://old:6443"}}]
contexts: [{name: old, context: {cluster: old, user: old}}]
current-context: old
users: [{name: old, user: {exec: {command: login}}}]
"""


@pytest.fixture
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with Kubespray's admin.conf; an API that answers; a home of its own."""

    async def verified(text: str, *_: Any, by_name: bool) -> str:
        assert "https://192.168.1.110:6443" in text
        return "v1.35.4"

    monkeypatch.setattr("twinkeel.kubeconfig.verify.verify_kubeconfig", verified)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    folder = tmp_path / "artifacts"
    folder.mkdir()
    (folder / "admin.conf").write_text(ADMIN)
    return folder


def typed(artifacts: Path, *arguments: str) -> str:
    ended = CliRunner().invoke(app, ["-f", SPEC, "--artifacts-dir", str(artifacts), *arguments], catch_exceptions=False)
    assert ended.exit_code == 0, ended.output
    return ended.stdout


def test_a_file_of_its_own_and_the_line_for_the_shell(artifacts: Path, tmp_path: Path) -> None:
    path = tmp_path / "home/.kube/twinkeel-lab-home.yaml"
    assert f"export KUBECONFIG={path}" in typed(artifacts)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert typed(artifacts, "--print-env") == f"export KUBECONFIG={path}\n"
    written, printed = (YAML(typ="safe").load(text) for text in (path.read_text(), typed(artifacts, "--stdout")))
    assert printed == written


@pytest.mark.parametrize("named", [False, True])
def test_a_merge_keeps_what_is_there(artifacts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: bool) -> None:
    path = tmp_path / ("elsewhere" if named else "home/.kube/config")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(OTHERS)
    if named:
        monkeypatch.setenv("KUBECONFIG", str(path))
    shown = typed(artifacts, "--merge", *(["--context", "prod"] if named else []))
    name = "prod" if named else "lab-home"
    assert f"kubectl --context {name} get nodes" in shown
    merged = YAML(typ="safe").load(path.read_text())
    assert [context["name"] for context in merged["contexts"]] == ["old", name]
    assert merged["current-context"] == "old"
    assert merged["users"][0]["user"] == {"exec": {"command": "login"}}
    assert "# mine" in path.read_text()
    assert Path(f"{path}.bak").read_text() == OTHERS
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "arguments", [["--stdout", "--merge"], ["--print-env", "--format", "json"], ["--context", "x"], ["--merge", "--context", ""]]
)
def test_contradictions(artifacts: Path, arguments: list[str]) -> None:
    with pytest.raises(UsageError):
        typed(artifacts, *arguments)


def test_no_admin_conf_on_this_machine(artifacts: Path) -> None:
    (artifacts / "admin.conf").unlink()
    with pytest.raises((HostError, UsageError), match=r"admin\.conf"):
        typed(artifacts)
