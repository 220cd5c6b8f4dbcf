"""`twinkeel kubespray run` as typed, with Ansible itself over SSH, when something goes wrong: message, exit code, and the next run.

Ansible is that of a release in KUBESPRAY_DIR; the playbook is a small one of our own, since Kubespray's own takes minutes. It goes
to an SSH server on the loopback address.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from ssh_node import LOOPBACK, SshNode, ssh_node

DEADLINE = 100.0
TWINKEEL = str(Path(sys.executable).with_name("twinkeel"))
SPEC = """\
name: faults
domain: example.org
endpoint: {name: api.example.org, vip: 192.0.2.100/24}
load_balancers: {lb-1: 192.0.2.1, lb-2: 192.0.2.2}
control_plane: {cp-1: 192.0.2.11}
"""


def environments() -> list[Path]:
    """The environments with a complete Ansible in KUBESPRAY_DIR, the newest release last."""
    named = os.environ.get("KUBESPRAY_DIR")
    found = sorted(Path(named).absolute().glob("**/environment/bin/ansible-playbook")) if named else []
    return [program.parent.parent for program in found]


pytestmark = pytest.mark.skipif(not environments(), reason="KUBESPRAY_DIR names no release that `twinkeel kubespray fetch` made")


@dataclass(frozen=True)
class Cluster:
    """A spec whose one node is the SSH server here, and a release with a playbook that a test writes."""

    folder: Path
    node: SshNode

    def write(self, *tasks: dict[str, object]) -> None:
        book = [{"name": "Install", "hosts": "kube_control_plane", "gather_facts": False, "tasks": list(tasks)}]
        (self.folder / "data/twinkeel/kubespray/v2.31.0/checkout/cluster.yml").write_text(json.dumps(book))

    def start(self, *variables: str) -> "subprocess.Popen[str]":
        """The command, begun; it reaches nothing but the loopback address."""
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TWINKEEL_")},
            "XDG_DATA_HOME": str(self.folder / "data"),
            "TWINKEEL_SSH_IDENTITY_FILE": str(self.node.identity_file),
            "TWINKEEL_SSH_KNOWN_HOSTS_FILE": str(self.node.known_hosts_file),
        }
        given = [f"ansible_host={LOOPBACK}", f"ansible_port={self.node.port}", f"ansible_python_interpreter={sys.executable}"]
        options = [
            word for variable in (*given, *variables) for word in ((variable,) if variable.startswith("--") else ("-e", variable))
        ]
        argv = [TWINKEEL, "kubespray", "run", "--skip-preflight", "--no-apply", "-f", str(self.folder / "twinkeel.yaml"), "--"]
        # Standard error is a pipe: what is shown goes there, line by line.
        return subprocess.Popen(
            [*argv, *options],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            start_new_session=True,
        )

    def run(self, *variables: str) -> tuple[int, str]:
        with self.start(*variables) as running:
            _, said = running.communicate(timeout=DEADLINE)
        return running.returncode, said

    def fails(self, *variables: str) -> str:
        """What is said by a run that must fail; the next one, without the fault, must go through."""
        code, said = self.run(*variables)
        assert code == 3, said
        assert "un the same command again: what is done is not done twice" in said
        return said

    def resumes(self) -> None:
        code, said = self.run()
        assert code == 0, said


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    release = tmp_path / "data/twinkeel/kubespray/v2.31.0"
    (release / "checkout").mkdir(parents=True)
    (release / "checkout/ansible.cfg").write_text("[ssh_connection]\npipelining = True\n")
    (release / "environment").symlink_to(environments()[-1])
    (release / "complete.json").write_text("{}")
    (tmp_path / "twinkeel.yaml").write_text(SPEC)
    with ssh_node(tmp_path / "node") as node:
        yield Cluster(tmp_path, node)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)], capture_output=True, check=False)
    if made.returncode != 0:
        pytest.skip("this machine does not let us mount")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


PING: dict[str, object] = {"name": "Ask", "ansible.builtin.ping": {}}


def test_an_unreachable_node(cluster: Cluster) -> None:
    cluster.write(PING)
    with socket.socket() as bound:
        bound.bind((LOOPBACK, 0))
        said = cluster.fails(f"ansible_port={bound.getsockname()[1]}")
    assert "twinkeel: the host was lost: " in said
    assert "where: cp-1.example.org, task: Ask" in said
    assert "likely cause: the host does not answer over SSH" in said
    cluster.resumes()


def test_a_node_with_another_host_key(cluster: Cluster) -> None:
    cluster.write(PING)
    known = cluster.node.known_hosts_file
    right = known.read_text()
    known.write_text(f"[{LOOPBACK}]:{cluster.node.port} " + cluster.node.identity_file.with_name("authorized_keys").read_text())
    assert "the host's SSH key is not the known one" in cluster.fails()
    known.write_text(right)
    cluster.resumes()


def test_a_node_without_python(cluster: Cluster) -> None:
    cluster.write(PING)
    said = cluster.fails("ansible_python_interpreter=/nonexistent/bin/python3")
    assert "likely cause: Python is missing on the host" in said
    cluster.resumes()


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("su") or not shutil.which("setpriv"), reason="needs root, su and setpriv")
def test_a_wrong_become_password(cluster: Cluster) -> None:
    cluster.write({"name": "Ask", "ansible.builtin.command": "id"})
    (cluster.folder / "password").write_text("wrong\n")
    # su asks root for no password, so it is started as somebody else. No password is right for daemon.
    said = cluster.fails(
        "ansible_connection=local",
        "ansible_become_method=su",
        "ansible_become_user=daemon",
        "{ansible_become_exe: 'setpriv --reuid=65534 --regid=65534 --clear-groups su'}",
        "--become-password-file=password",
    )
    assert "likely cause: sudo on the host asks for a password, or the one given is wrong" in said
    assert "wrong\n" not in next(cluster.folder.glob("data/twinkeel/clusters/faults/logs/*.log")).read_text()
    cluster.resumes()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_full_disk_on_a_node(cluster: Cluster, tiny_disk: Path) -> None:
    cluster.write({"name": "Fill", "ansible.builtin.copy": {"content": "x" * 200_000, "dest": "{{ to }}/big", "mode": "0600"}})
    said = cluster.fails(f"to={tiny_disk}")
    assert "likely cause: a disk is full" in said
    assert cluster.run(f"to={cluster.folder}")[0] == 0


def busy(cluster: Cluster, running: "subprocess.Popen[str]") -> int:
    """Wait until the task works on the node; the process of ansible-playbook."""
    end = time.monotonic() + DEADLINE
    while not (cluster.folder / "busy").exists():
        assert running.poll() is None
        assert time.monotonic() < end
        threading.Event().wait(0.05)
    children = Path(f"/proc/{running.pid}/task").glob("*/children")
    return next(int(pid) for file in children for pid in file.read_text().split())


def write_slow(cluster: Cluster) -> None:
    """A task that lasts, for as long as the file `go` is not there."""
    folder = cluster.folder
    script = f"touch {folder}/busy; for i in $(seq 600); do [ -e {folder}/go ] && exit 0; sleep 0.1; done; exit 1"
    cluster.write({"name": "Download", "ansible.builtin.shell": script})


def gone(pid: int) -> bool:
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        threading.Event().wait(0.05)
    return False


def test_ansible_playbook_is_killed(cluster: Cluster) -> None:
    write_slow(cluster)
    with cluster.start() as running:
        os.killpg(busy(cluster, running), signal.SIGKILL)
        _, said = running.communicate(timeout=DEADLINE)
    assert running.returncode == 3, said
    assert "ansible-playbook was killed (SIGKILL) in the task 'Download'" in said
    assert "what is done is not done twice" in said
    (cluster.folder / "go").touch()
    cluster.resumes()


def test_ctrl_c(cluster: Cluster) -> None:
    write_slow(cluster)
    with cluster.start() as running:
        playbook = busy(cluster, running)
        with pytest.raises(subprocess.TimeoutExpired):
            running.wait(0.1)
        assert "another playbook works on this cluster" in cluster.run()[1]
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=DEADLINE)
    assert running.returncode == 130, said
    assert "interrupted" in said.splitlines()[-1]
    assert gone(playbook)
    (cluster.folder / "go").touch()
    cluster.resumes()
