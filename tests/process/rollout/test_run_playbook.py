"""Running a project with the real ansible-playbook, on this machine and with a playbook of the test's own."""

import asyncio
import stat
import time
from dataclasses import replace
from pathlib import Path

import pytest

from twinkeel.errors import HostError, ToolError
from twinkeel.rollout.run_playbook import PlaybookRun, failure_message, run_playbook
from twinkeel.rollout.write_project import ANSIBLE_CFG, INVENTORY, PLAYBOOK
from twinkeel.support.events import Event, TaskEnded, TaskFailed, TaskStarted

INVENTORY_HERE = """\
all:
  hosts:
    lb-1: {ansible_connection: local, ansible_python_interpreter: "{{ ansible_playbook_python }}"}
"""


class Run:
    def __init__(self, folder: Path, tasks: str) -> None:
        self.folder, self.events = folder, list[Event]()
        self.log = folder / "log"
        project = folder / "run" / "project"
        project.mkdir(parents=True)
        (project / "ansible.cfg").write_text(ANSIBLE_CFG)
        (project / INVENTORY).write_text(INVENTORY_HERE)
        (project / PLAYBOOK).write_text(f"- hosts: all\n  gather_facts: false\n  tasks:\n{tasks}")

    async def start(self) -> PlaybookRun:
        return await run_playbook(self.folder / "run", self.log, self.events.append)


def test_changes_are_counted_and_told_as_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # What a user's own Ansible would do to a run: none of it may count.
    (tmp_path / ".ansible.cfg").write_text("[defaults]\ncallback_result_format=yaml\nstdout_callback=missing\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ANSIBLE_CHECK_MODE_MARKERS", "nonsense")
    monkeypatch.setenv("ANSIBLE_STDOUT_CALLBACK", "missing")
    monkeypatch.setenv("ANSIBLE_STRATEGY", "missing")
    run = Run(
        tmp_path,
        """\
    - name: make it
      ansible.builtin.copy: {content: "x", dest: "DEST"}
    - name: make it again
      ansible.builtin.copy: {content: "x", dest: "DEST"}
    - name: not needed
      ansible.builtin.fail: {msg: "no"}
      when: false
    - name: see
      ansible.builtin.command: printenv
      register: seen
      changed_when: false
      failed_when: "'missing' in seen.stdout"
""".replace("DEST", str(tmp_path / "made")),
    )
    ended = asyncio.run(run.start())
    assert (ended.changed, ended.error) == ({"lb-1": 1}, None)
    assert all(event.seconds > 0 for event in run.events if isinstance(event, TaskEnded))
    assert [replace(event, seconds=0.0) for event in run.events if isinstance(event, TaskEnded)] == [
        TaskEnded("lb-1", "make it", changed=True),
        TaskEnded("lb-1", "make it again", changed=False),
        TaskEnded("lb-1", "see", changed=False),
    ]
    assert TaskStarted("not needed") in run.events
    assert "make it again" in run.log.read_text()
    assert stat.S_IMODE(run.log.stat().st_mode) == 0o600
    assert not (tmp_path / ".ansible").exists()


def test_a_failed_task_names_host_task_and_reason(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        """\
    - name: may fail
      ansible.builtin.command: "false"
      ignore_errors: true
    - name: must not
      ansible.builtin.command: sh -c "echo the reason >&2; exit 4"
    - name: never
      ansible.builtin.command: "true"
""",
    )
    error = asyncio.run(run.start()).error
    assert isinstance(error, HostError)
    assert "the reason" in error.what
    assert error.where == "lb-1, task: must not"
    assert str(run.log) in error.hint
    assert [event.task for event in run.events if isinstance(event, TaskFailed)] == ["must not"]
    assert TaskStarted("never") not in run.events


def test_a_playbook_that_ansible_cannot_read_is_a_failed_tool(tmp_path: Path) -> None:
    run = Run(tmp_path, "    - no.such.module:\n")
    with pytest.raises(ToolError, match="ansible-playbook ended with") as caught:
        asyncio.run(run.start())
    assert caught.value.where == str(run.log)
    assert "no.such.module" in run.log.read_text()


def test_a_run_that_is_cancelled_stops_ansible_and_waits_for_it(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        f"""\
    - name: begin
      ansible.builtin.command: touch {tmp_path}/began
    - name: wait
      ansible.builtin.shell: for i in $(seq 6000); do [ -e {tmp_path}/go ] && break; sleep 0.05; done
    - name: never
      ansible.builtin.command: touch {tmp_path}/never
""",
    )

    async def cancel() -> None:
        running = asyncio.create_task(run.start())
        while TaskStarted("wait") not in run.events:
            await asyncio.sleep(0.02)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    began = time.monotonic_ns()
    asyncio.run(cancel())
    assert time.monotonic_ns() - began < 250e9, "it waited for the task, which takes five minutes"
    # The task that was under way is not interrupted on its host; here it ends now.
    (tmp_path / "go").touch()
    assert not (tmp_path / "never").exists()


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ({"msg": "non-zero return code", "stderr": "why\n"}, "non-zero return code\nwhy"),
        ({"msg": "why: it broke", "stderr": "it broke"}, "why: it broke"),
        ({"module_stderr": "Traceback"}, "Traceback"),
        ({}, "it failed without a message"),
    ],
)
def test_the_reason_of_a_failure(result: dict[str, str], message: str) -> None:
    assert failure_message(result) == message
