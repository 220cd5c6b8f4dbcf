"""Playbooks that go wrong, with real child programs: the right message, the right exit code, and how to resume.

Those that need Ansible itself use the environment of a release in KUBESPRAY_DIR, and say so when there is none.
"""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from twinkeel.errors import HostError, ToolError, TwinkeelError
from twinkeel.kubespray.command import Invocation
from twinkeel.kubespray.events import Event
from twinkeel.kubespray.playbook import RESUME, run_playbook
from twinkeel.kubespray.progress import Progress

DEADLINE = 200.0

PRELUDE = """
import json, os, signal, sys, time
def out(kind, end="\\n", **more):
    sys.stdout.write(json.dumps({"_event": kind, "_timestamp": "2026-01-01T00:00:00Z", **more}) + end)
    sys.stdout.flush()
def task(name):
    out("v2_playbook_on_task_start", task={"name": name, "path": "/x.yml:1"}, hosts={})
def result(kind, name, host, **data):
    out("v2_runner_on_" + kind, task={"name": name, "path": "/x.yml:1"}, hosts={host: data})
out("v2_playbook_on_play_start", play={"name": "Install"}, tasks=[])
task("first")
result("ok", "first", "node-1", changed=True, token="abcdef.0123456789abcdef")
"""


def child(tmp_path: Path, body: str) -> Invocation:
    """A program of the given body after a play with one task."""
    program = tmp_path / "child.py"
    program.write_text(PRELUDE + body)
    return Invocation("cluster.yml", (sys.executable, str(program)), {}, tmp_path)


def run(invocation: Invocation, tmp_path: Path, seen: list[Event] | None = None) -> Progress:
    return run_playbook(invocation, tmp_path / "log", lambda event, _: (seen if seen is not None else []).append(event))


def failing(invocation: Invocation, tmp_path: Path) -> TwinkeelError:
    with pytest.raises(TwinkeelError) as caught:
        run(invocation, tmp_path)
    assert caught.value.exit_code == 3
    assert RESUME.removeprefix("run ") in caught.value.hint.removeprefix("R")
    return caught.value


def test_a_run_that_ends_well(tmp_path: Path) -> None:
    body = 'out("v2_playbook_on_stats", stats={"node-1": {"failures": 0, "unreachable": 0}})'
    state = run(child(tmp_path, body), tmp_path)
    assert (state.play, state.task, state.tasks, state.hosts["node-1"]["changed"]) == ("Install", "first", 1, 1)
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o600
    log = (tmp_path / "log").read_text()
    assert "TASK first" in log
    assert "changed node-1" in log


def test_ansible_is_killed_in_the_middle_of_a_line(tmp_path: Path) -> None:
    body = """
task("second")
sys.stdout.write('{"_event": "v2_runner_on_ok", "hosts": {"nod')
sys.stdout.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""
    error = failing(child(tmp_path, body), tmp_path)
    assert isinstance(error, ToolError)
    assert error.what == "ansible-playbook was killed (SIGKILL) in the task 'second'"


def test_the_stream_ends_in_the_middle_of_a_line(tmp_path: Path) -> None:
    body = """
task("second")
sys.stderr.write("ERROR! Unexpected Exception, this is probably a bug: broken pipe\\n")
sys.stdout.write('{"_event": "v2_runner_on_ok", "hosts": {"nod')
sys.stdout.flush()
sys.exit(250)
"""
    error = failing(child(tmp_path, body), tmp_path)
    assert isinstance(error, ToolError)
    assert error.what == "ansible-playbook ended with 250: ERROR! Unexpected Exception, this is probably a bug: broken pipe"
    assert '{"_event"' not in (tmp_path / "log").read_text()


def test_an_ignored_failure_is_not_the_one_that_is_told(tmp_path: Path) -> None:
    body = """
task("probe")
result("failed", "probe", "node-1", msg="this is ignored")
result("failed", "probe", "node-2", msg="this, too")
task("kubeadm | Initialize first control plane node")
result("ok", "kubeadm", "node-2")
result("failed", "kubeadm | Initialize first control plane node", "node-1", msg="non-zero", rc=1,
       stderr="dial tcp: lookup lb.lab-home.com on 10.0.0.1:53: no such host --token abcdef.0123456789abcdef", cmd="kubeadm")
out("v2_playbook_on_stats", stats={"node-1": {"failures": 1, "unreachable": 0}, "node-2": {"failures": 0, "unreachable": 0}})
sys.exit(2)
"""
    error = failing(child(tmp_path, body), tmp_path)
    assert isinstance(error, HostError)
    assert error.where == "node-1, task: kubeadm | Initialize first control plane node"
    assert "no such host" in error.what
    assert "does not resolve on the node (#12851)" in error.hint
    assert "abcdef.0123456789abcdef" not in str(error) + (tmp_path / "log").read_text()


def test_ansible_cannot_begin(tmp_path: Path) -> None:
    program = tmp_path / "child.py"
    program.write_text("import sys; sys.stderr.write('ERROR! the playbook: x.yml could not be found\\n'); sys.exit(1)")
    error = failing(Invocation("x", (sys.executable, str(program)), {}, tmp_path), tmp_path)
    assert error.what == "ansible-playbook ended with 1: ERROR! the playbook: x.yml could not be found"
    missing = Invocation("x", (str(tmp_path / "none"),), {}, tmp_path)
    with pytest.raises(ToolError, match="cannot be started: No such file"):
        run(missing, tmp_path)


def test_ctrl_c_ends_the_playbook_and_its_workers(tmp_path: Path) -> None:
    body = f"""
import subprocess
worker = subprocess.Popen(["sleep", "600"])
open({str(tmp_path / "pids")!r}, "w").write(f"{{os.getpid()}} {{worker.pid}}")
task("slow")
time.sleep(600)
"""
    program = tmp_path / "wrapper.py"
    invocation = child(tmp_path, body)
    program.write_text(
        "import sys\nfrom pathlib import Path\nfrom twinkeel.kubespray.command import Invocation\n"
        "from twinkeel.kubespray.playbook import run_playbook\n"
        f"run_playbook(Invocation('x', {invocation.argv!r}, {{}}, Path({str(tmp_path)!r})), Path({str(tmp_path / 'log')!r}),"
        " lambda event, state: print(type(event).__name__, flush=True))\n"
    )
    with subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as wrapper:
        assert wrapper.stdout is not None
        assert [wrapper.stdout.readline().strip() for _ in range(4)] == ["PlayBegan", "TaskBegan", "HostResult", "TaskBegan"]
        wrapper.send_signal(signal.SIGINT)
        _, said = wrapper.communicate(timeout=DEADLINE)
    assert said.splitlines()[-1] == "KeyboardInterrupt"
    for pid in (tmp_path / "pids").read_text().split():
        assert gone(int(pid)), pid


def gone(pid: int) -> bool:
    """Whether a process ended within the deadline (one that nobody waits for any more counts, too)."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        threading.Event().wait(0.02)
    return False


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    folder = tmp_path / "tiny"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)], capture_output=True, check=False)
    if made.returncode != 0:
        pytest.skip("this machine does not let us mount")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_under_our_own_log_ends_the_playbook(tmp_path: Path, tiny_disk: Path) -> None:
    body = f"""
open({str(tmp_path / "pids")!r}, "w").write(str(os.getpid()))
for number in range(100000):
    task("x" * 1000)
time.sleep(600)
"""
    with pytest.raises(
        ToolError, match="the log cannot be written, so ansible-playbook was ended: No space left on device"
    ) as caught:
        run_playbook(child(tmp_path, body), tiny_disk / "log", lambda *_: None)
    assert caught.value.exit_code == 3
    assert RESUME in caught.value.hint
    assert gone(int((tmp_path / "pids").read_text()))


# With Ansible itself.


def programs() -> Path | None:
    """The programs of the newest release in KUBESPRAY_DIR."""
    named = os.environ.get("KUBESPRAY_DIR")
    found = sorted(Path(named).glob("**/environment/bin/ansible-playbook")) if named else []
    return found[-1].parent.absolute() if found else None


needs_ansible = pytest.mark.skipif(programs() is None, reason="KUBESPRAY_DIR names no release that `twinkeel kubespray fetch` made")


def play(tmp_path: Path, tasks: list[dict[str, object]], host: dict[str, object], *options: str) -> Invocation:
    folder = programs()
    assert folder is not None
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": {"node-1": host}}}))
    book = [{"name": "Try", "hosts": "all", "gather_facts": False, "tasks": tasks}]
    (tmp_path / "play.yml").write_text(json.dumps(book))
    environment = {
        "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.jsonl",
        "ANSIBLE_HOME": str(tmp_path / "home"),
        "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"),
    }
    argv = (str(folder / "ansible-playbook"), "-i", str(tmp_path / "hosts.json"), *options, str(tmp_path / "play.yml"))
    return Invocation("play.yml", argv, environment, tmp_path)


@needs_ansible
def test_an_unreachable_node(tmp_path: Path) -> None:
    host = {"ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_ssh_common_args": "-o ConnectTimeout=2"}
    error = failing(play(tmp_path, [{"name": "Ask", "ansible.builtin.ping": {}}], host), tmp_path)
    assert error.what.startswith("the host was lost: ")
    assert error.where == "node-1, task: Ask"
    assert "does not answer over SSH" in error.hint


@needs_ansible
def test_a_node_without_python(tmp_path: Path) -> None:
    host = {"ansible_connection": "local", "ansible_python_interpreter": "/nonexistent/bin/python3"}
    error = failing(play(tmp_path, [{"name": "Ask", "ansible.builtin.ping": {}}], host), tmp_path)
    assert "Python is missing on the host" in error.hint


@needs_ansible
def test_a_full_disk_on_a_node(tmp_path: Path, tiny_disk: Path) -> None:
    host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    task = {"name": "Fill", "ansible.builtin.copy": {"content": "x" * 200_000, "dest": str(tiny_disk / "big"), "mode": "0600"}}
    error = failing(play(tmp_path, [task], host), tmp_path)
    assert "a disk is full" in error.hint.lower()


@needs_ansible
@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("su") or not shutil.which("setpriv"), reason="needs root, su and setpriv")
def test_a_wrong_become_password(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("wrong\n")
    # su asks root for no password, so it is started as somebody else. No password is right for daemon.
    host = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "ansible_become_exe": "setpriv --reuid=65534 --regid=65534 --clear-groups su",
    }
    task = {"name": "Ask", "ansible.builtin.command": "id", "become": True, "become_method": "su", "become_user": "daemon"}
    error = failing(play(tmp_path, [task], host, "--become-password-file", str(secret)), tmp_path)
    assert "sudo on the host asks for a password, or the one given is wrong" in error.hint
