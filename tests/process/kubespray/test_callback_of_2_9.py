"""The callback that Ansible 2.9 is given says what ansible.posix.jsonl says: a real playbook, read by the same parser."""

import os
import subprocess
import sys
from pathlib import Path

from twinkeel.kubespray.command import CALLBACKS
from twinkeel.kubespray.events import Event, HostResult, PlayBegan, RunEnded, TaskBegan, parse_event

PLAYBOOK = """\
- name: A play
  hosts: one
  gather_facts: false
  tasks:
    - name: It changes
      command: echo done
    - name: It is left out
      debug: {msg: no}
      when: false
    - name: A secret
      debug: {msg: hidden-word}
      no_log: true
    - name: It fails
      fail: {msg: the reason}
"""


def events(tmp_path: Path) -> tuple[list[Event], str]:
    (tmp_path / "play.yml").write_text(PLAYBOOK)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        "ANSIBLE_STDOUT_CALLBACK": "twinkeel_events",
        "ANSIBLE_LOCALHOST_WARNING": "False",
    }
    argv = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "one,", "-c", "local", "-e"]
    argv += [f"ansible_python_interpreter={sys.executable}", "play.yml"]
    ended = subprocess.run(argv, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=110, check=False)
    assert ended.returncode == 2, ended.stderr
    found = [parse_event(line) for line in ended.stdout.splitlines()]
    return [event for event in found if event is not None], ended.stdout


def test_every_kind_of_event(tmp_path: Path) -> None:
    found, said = events(tmp_path)
    assert found[0] == PlayBegan("A play")
    assert [event.name for event in found if isinstance(event, TaskBegan)] == [
        "It changes",
        "It is left out",
        "A secret",
        "It fails",
    ]
    assert [event.outcome for event in found if isinstance(event, HostResult)] == ["changed", "skipped", "ok", "failed"]
    assert [event.message for event in found if isinstance(event, HostResult)][-1] == "the reason"
    assert found[-1] == RunEnded(failed=("one",), unreachable=())
    assert "hidden-word" not in said
