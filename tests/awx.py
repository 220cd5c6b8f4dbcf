"""A job of AWX, laid out as AWX does it (awx/main/tasks/jobs.py): ansible-runner and a private folder; no container.

The folder has a copy of the repository, the hosts that an inventory source "sourced from a project" imported beforehand, as a
program that prints JSON, and answers to prompts; the key goes to an agent. Neither the repository's root nor the environment has
an ansible.cfg.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

TOOLS = Path(sys.executable).parent
PRINTS = "#!/usr/bin/env python3\nprint(open(__file__ + '.json').read())\n"


def environment(home: Path) -> dict[str, str]:
    return {"HOME": str(home), "LANG": "C.UTF-8", "PATH": os.pathsep.join((str(TOOLS), "/usr/bin", "/bin"))}


def encrypt(secrets: Path, password: str) -> None:
    """As a person does before the commit."""
    file = secrets.with_name("password")
    file.write_text(password)
    argv = [str(TOOLS / "ansible-vault"), "encrypt", "--vault-password-file", str(file), str(secrets)]
    subprocess.run(argv, env=environment(secrets.parent), check=True, capture_output=True)
    file.unlink()


def imported(repository: Path, cluster: str) -> dict[str, Any]:
    """What the import of the hosts brings. There is no vault's password then: AWX refuses one for such a source."""
    folder = f"{cluster}/inventory"
    argv = [str(TOOLS / "ansible-inventory"), "--list", "--export", "-i", f"{folder}/hosts.yaml", "--playbook-dir", folder]
    ended = subprocess.run(argv, cwd=repository, env=environment(repository.parent), capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def lay_out(private: Path, repository: Path, hosts: dict[str, Any], password: str, key: str = "") -> None:
    """The private folder of a job."""
    shutil.copytree(repository, private / "project")
    (private / "inventory").mkdir()
    (private / "inventory/hosts").write_text(PRINTS)
    (private / "inventory/hosts").chmod(0o700)
    (private / "inventory/hosts.json").write_text(json.dumps(hosts))
    (private / "env").mkdir()
    (private / "env/passwords").write_text(json.dumps({"^Vault password:\\s*?$": password}))
    if key:
        (private / "env/ssh_key").write_text(key)


def command(private: Path, playbook: str) -> list[str]:
    """The job."""
    job = ["-p", playbook, "--inventory", str(private / "inventory/hosts"), "--cmdline=--ask-vault-pass"]
    return [str(TOOLS / "ansible-runner"), "run", str(private), *job]


def tree(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, but Python's own notes beside modules: it goes without where it may not write."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.parent.name != "__pycache__")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
