"""The exported project as AWX lays it out, up to the first connection; tests/lab/test_export_as_awx.py goes to the end."""

import asyncio
import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncssh
import pytest

from awx import command, encrypt, environment, imported, lay_out, tree
from twinkeel.export.export import SECRETS_FILE, export_project
from twinkeel.spec.secrets import Secrets
from twinkeel.topology.model import Topology

EDIT = ("failover: {profile: fast}", "failover: {authentication: password, vrrp_version: 2}")
PASSWORD = "a vault's password"  # noqa: S105


@pytest.fixture
def repository(build_edited: Callable[..., Topology], tmp_path: Path) -> Path:
    """With one cluster, and its passwords encrypted."""
    folder = tmp_path / "repository"
    export_project(build_edited(EDIT), Secrets(vrrp_password="hunter22"), folder / "north")  # noqa: S106
    encrypt(folder / "north" / SECRETS_FILE, PASSWORD)
    return folder


def test_hosts_are_imported_without_the_vault_s_password_and_without_a_secret(repository: Path) -> None:
    found = imported(repository, "north")
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
    private, hosts = repository.parent / "job", imported(repository, "north")
    with stranger() as port:
        for variables in hosts["_meta"]["hostvars"].values():
            variables |= {"ansible_host": "127.0.0.1", "ansible_port": port}
        lay_out(private, repository, hosts, PASSWORD)
        argv = command(private, "north/site.yml")
        ended = subprocess.run(argv, env=environment(private), capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode != 0
    assert "Host key verification failed" in ended.stdout
    assert "Decryption failed" not in ended.stdout
    # A job's copy is thrown away, and an image may have it read-only.
    assert tree(private / "project") == tree(repository)
