"""The exported project and the one of a run, judged by Ansible's own programs."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from twinkeel.export.export import SECRETS_FILE, export_project
from twinkeel.plan.model import Desired
from twinkeel.render.render import render
from twinkeel.rollout.write_project import PLAYBOOK, write_project
from twinkeel.spec.secrets import Secrets
from twinkeel.topology.model import Topology

PRIVATE_EDIT = (
    "failover: {profile: fast}",
    "failover: {authentication: password, vrrp_version: 2}\nhaproxy: {metrics: {address: host, user: prom, port: 9101}}",
)

SECRETS = Secrets(vrrp_password="hunter22", metrics_password="topsecret")  # noqa: S106


@pytest.fixture
def project(build_edited: Callable[..., Topology], tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    export_project(build_edited(PRIVATE_EDIT), SECRETS, folder)
    return folder


def run(folder: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    tools = Path(sys.executable).parent
    environment = {"HOME": str(folder.parent), "LANG": "C.UTF-8", "PATH": os.pathsep.join((str(tools), "/usr/bin", "/bin"))}
    return subprocess.run([tools / program, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_ansible_lint_has_nothing_to_say(project: Path) -> None:
    done = run(project, "ansible-lint", "--offline", "--nocolor", "--profile", "production")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Passed: 0 failure(s), 0 warning(s)" in done.stderr


def test_ansible_accepts_the_project_of_a_run(lab_home_topology: Topology, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    write_project(folder, lab_home_topology, Desired(render(lab_home_topology), "the authority\n", "verified"))
    for playbook in (PLAYBOOK, "rollout.yml", "undo.yml", "keep.yml", "give_back.yml"):
        done = run(folder, "ansible-playbook", "--syntax-check", playbook, "-e", '{"group_sizes": [1, 1]}')
        assert done.returncode == 0, done.stderr
        assert "WARNING" not in done.stderr


def test_an_encrypted_secrets_file_gives_the_lines_back(project: Path) -> None:
    (project.parent / "vault").write_text("a password\n")
    password = ("--vault-password-file", str(project.parent / "vault"))
    assert run(project, "ansible-vault", "encrypt", *password, SECRETS_FILE).returncode == 0
    assert "hunter22" not in (project / SECRETS_FILE).read_text()
    assert "hunter22" in run(project, "ansible-inventory", *password, "--host", "lb-1").stdout
    done = run(project, "ansible-playbook", *password, "--syntax-check", "site.yml")
    assert done.returncode == 0, done.stderr
