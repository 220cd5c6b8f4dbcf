"""A run of Ansible whose parent is killed ends, too: the next `twinkeel apply` must not meet it on the hosts."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PROGRAM = """
import asyncio, sys
from pathlib import Path
from twinkeel.rollout.run_playbook import run_playbook
folder = Path(sys.argv[1])
print(asyncio.run(run_playbook(folder, folder / "log", lambda event: None)).error, flush=True)
"""
PLAYBOOK = """\
- hosts: all
  connection: local
  gather_facts: false
  tasks:
    - name: Tell who runs it
      ansible.builtin.shell: echo $PPID > {folder}/began; while [ ! -e {folder}/go ]; do sleep 0.05; done
    - name: Go on
      ansible.builtin.file: {{path: "{folder}/went-on", state: touch, mode: "0644"}}
"""


def wait_for(path: Path) -> None:
    end = time.monotonic() + 200
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} did not appear"
        time.sleep(0.02)


def start(folder: Path) -> subprocess.Popen[str]:
    project = folder / "project"
    project.mkdir()
    (project / "inventory.yaml").write_text(f"all: {{hosts: {{here: {{ansible_python_interpreter: {sys.executable}}}}}}}\n")
    (project / "ansible.cfg").write_text("[defaults]\n")
    (project / "apply.yml").write_text(PLAYBOOK.format(folder=folder))
    return subprocess.Popen([sys.executable, "-c", PROGRAM, str(folder)], stdout=subprocess.PIPE, text=True)


def test_it_goes_on_as_long_as_its_parent_lives(tmp_path: Path) -> None:
    (tmp_path / "go").touch()
    assert start(tmp_path).communicate(timeout=200)[0] == "None\n"
    assert (tmp_path / "went-on").exists()


def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    parent = start(tmp_path)
    wait_for(tmp_path / "began")
    ansible = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _is_child(entry, parent.pid)]
    assert ansible
    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate()
    end = time.monotonic() + 100
    while any(Path(f"/proc/{pid}").exists() for pid in ansible) and time.monotonic() < end:
        time.sleep(0.02)
    assert not any(Path(f"/proc/{pid}").exists() for pid in ansible)
    # The task that was under way ends now; nobody is left who could begin the next one.
    (tmp_path / "go").touch()
    time.sleep(1)
    assert not (tmp_path / "went-on").exists()


def _is_child(entry: Path, parent: int) -> bool:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == parent
    except OSError:
        return False
