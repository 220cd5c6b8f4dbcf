"""The exported project as AWX lays it out: a repository of clusters, hosts imported beforehand, ansible-runner, no ansible.cfg.

AWX imports hosts with `ansible-inventory --export` and has no vault password then; a job gets a copy of the repository, the
imported hosts as a program that prints JSON, and the passwords through prompts. tests/lab/test_export.py runs it to its end.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from twinkeel.export.export import SECRETS_FILE, export_project
from twinkeel.spec.secrets import Secrets
from twinkeel.topology.model import Topology

TOOLS = Path(sys.executable).parent
EDIT = ("failover: {profile: fast}", "failover: {authentication: password, vrrp_version: 2}")
PASSWORD = "a vault's password"  # noqa: S105
IMPORTED = "#!/usr/bin/env python3\nprint(open(__file__.replace('/hosts', '/hosts.json')).read())\n"


@pytest.fixture
def repository(build_edited: Callable[..., Topology], tmp_path: Path) -> Path:
    """With one cluster, and its passwords encrypted."""
    folder = tmp_path / "repository"
    export_project(build_edited(EDIT), Secrets(vrrp_password="hunter22"), folder / "north")  # noqa: S106
    (tmp_path / "password").write_text(PASSWORD)
    run(folder, "ansible-vault", "encrypt", "--vault-password-file", str(tmp_path / "password"), f"north/{SECRETS_FILE}")
    return folder


def run(folder: Path, program: str, *argv: str) -> str:
    environment = {"HOME": str(folder.parent), "LANG": "C.UTF-8", "PATH": os.pathsep.join((str(TOOLS), "/usr/bin", "/bin"))}
    ended = subprocess.run([TOOLS / program, *argv], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def tree(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def imported(repository: Path) -> dict[str, Any]:
    """What an inventory source "sourced from a project" brings."""
    options = ("--list", "--export", "-i", "north/inventory/hosts.yaml", "--playbook-dir", "north/inventory")
    found: dict[str, Any] = json.loads(run(repository, "ansible-inventory", *options))
    return found


def test_hosts_are_imported_without_the_vault_s_password_and_without_a_secret(repository: Path) -> None:
    found = imported(repository)
    assert found["load_balancers"]["hosts"] == ["lb-1", "lb-2"]
    assert found["_meta"]["hostvars"]["lb-1"]["ansible_host"] == "192.168.1.111"
    assert "secret" not in json.dumps(found)


@contextmanager
def stranger() -> Iterator[int]:
    """The port of an SSH server on the loopback whose key nobody knows."""
    loop = asyncio.new_event_loop()
    key = asyncssh.generate_private_key("ssh-ed25519")
    server = loop.run_until_complete(asyncssh.listen("127.0.0.1", 0, server_host_keys=[key]))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.get_port()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.close()


def test_a_job_has_its_passwords_from_prompts_and_insists_on_known_host_keys(repository: Path) -> None:
    """ansible-runner turns the check of host keys off where nobody says otherwise."""
    private = repository.parent / "job"
    shutil.copytree(repository, private / "project")
    hosts = imported(repository)
    with stranger() as port:
        for variables in hosts["_meta"]["hostvars"].values():
            variables |= {"ansible_host": "127.0.0.1", "ansible_port": port}
        (private / "inventory").mkdir()
        (private / "inventory/hosts").write_text(IMPORTED)
        (private / "inventory/hosts").chmod(0o700)
        (private / "inventory/hosts.json").write_text(json.dumps(hosts))
        (private / "env").mkdir()
        (private / "env/passwords").write_text(json.dumps({"^Vault password:\\s*?$": PASSWORD}))
        environment = {"HOME": str(private), "LANG": "C.UTF-8", "PATH": os.pathsep.join((str(TOOLS), "/usr/bin", "/bin"))}
        argv = ["run", str(private), "-p", "north/site.yml", "--inventory", str(private / "inventory/hosts")]
        command = [TOOLS / "ansible-runner", *argv, "--cmdline=--ask-vault-pass"]
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode != 0
    assert "Host key verification failed" in ended.stdout
    assert "Decryption failed" not in ended.stdout
    # A job's copy is thrown away, and an image may have it read-only.
    assert tree(private / "project") == tree(repository)
