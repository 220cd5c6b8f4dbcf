"""A playbook that waits for its turn, with the real ansible-playbook on this machine."""

import asyncio
import shutil
from collections.abc import Coroutine
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import pytest

from twinkeel.errors import ToolError
from twinkeel.rollout.run_playbook import PlaybookRun
from twinkeel.rollout.stepped_playbook import WAIT_TASK, SteppedPlaybook
from twinkeel.rollout.write_project import ANSIBLE_CFG, INVENTORY
from twinkeel.support.events import Event, TaskEnded, TaskFailed, TaskStarted

HOSTS = """\
all:
  hosts:
    lb-3: {ansible_connection: local, ansible_python_interpreter: "{{ ansible_playbook_python }}"}
    lb-1: {ansible_connection: local, ansible_python_interpreter: "{{ ansible_playbook_python }}"}
    lb-2: {ansible_connection: local, ansible_python_interpreter: "{{ ansible_playbook_python }}"}
"""
STEPS = """\
- hosts: all
  gather_facts: false
  tasks:
    - name: prepare
      ansible.builtin.command: touch {folder}/prepared
- hosts: all
  gather_facts: false
  serial: "{{{{ group_sizes }}}}"
  max_fail_percentage: 0
  tasks:
    - name: Wait for the turn
      turn: {{socket: "{{{{ turns }}}}"}}
      run_once: true
    - name: work
      ansible.builtin.shell: "{work}"
"""


class Steps:
    """A project of two groups (lb-3 alone, then lb-1 and lb-2), and what it told."""

    def __init__(self, folder: Path, work: str = "touch {folder}/{{{{ inventory_hostname }}}}") -> None:
        self.folder, self.events = folder, list[Event]()
        project = folder / "run" / "project"
        project.mkdir(parents=True)
        with as_file(files("twinkeel.rollout") / "ansible" / "action_plugins") as plugins:
            shutil.copytree(plugins, project / "action_plugins")
        (project / "ansible.cfg").write_text(ANSIBLE_CFG)
        (project / INVENTORY).write_text(HOSTS)
        (project / "steps.yml").write_text(STEPS.format(folder=folder, work=work.format(folder=folder)))

    @property
    def playbook(self) -> SteppedPlaybook:
        return SteppedPlaybook(self.folder / "run", self.folder / "log", self.events.append, "steps.yml", group_sizes=[1, 2])

    def worked_on(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("lb-*"))


def in_time(body: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(body, 120))


def test_each_group_waits_for_its_turn(tmp_path: Path) -> None:
    steps = Steps(tmp_path)

    async def run() -> None:
        async with steps.playbook as playbook:
            assert await playbook.reach_turn() is None
            assert (tmp_path / "prepared").exists()
            assert steps.worked_on() == []
            await playbook.go()
            assert await playbook.reach_turn() is None
            assert steps.worked_on() == ["lb-3"]
            await playbook.go()
            ended = await playbook.reach_turn()
            assert isinstance(ended, PlaybookRun)
            assert ended.error is None

    in_time(run())
    assert steps.worked_on() == ["lb-1", "lb-2", "lb-3"]
    told = {event.task for event in steps.events if isinstance(event, TaskStarted | TaskEnded)}
    assert told == {"prepare", "work"}, f"`{WAIT_TASK}` is nothing that a person must know of"


def test_a_run_that_is_stopped_works_on_no_further_group_and_tells_of_no_failure(tmp_path: Path) -> None:
    steps = Steps(tmp_path)

    async def run() -> None:
        async with steps.playbook as playbook:
            assert await playbook.reach_turn() is None
            await playbook.go()
            assert await playbook.reach_turn() is None

    in_time(run())
    assert steps.worked_on() == ["lb-3"]
    assert not [event for event in steps.events if isinstance(event, TaskFailed)]


def test_a_group_that_fails_ends_it(tmp_path: Path) -> None:
    steps = Steps(tmp_path, "test {{{{ inventory_hostname }}}} != lb-3")

    async def run() -> None:
        async with steps.playbook as playbook:
            assert await playbook.reach_turn() is None
            await playbook.go()
            ended = await playbook.reach_turn()
            assert ended is not None
            assert [(failure.host, failure.task) for failure in ended.failures] == [("lb-3", "work")]
            with pytest.raises(ToolError, match="did not wait for its turn"):
                await playbook.go()

    in_time(run())


def test_leaving_in_the_middle_of_a_task_ends_ansible(tmp_path: Path) -> None:
    steps = Steps(tmp_path, "touch {folder}/began; while [ ! -e {folder}/go ]; do sleep 0.05; done")

    async def run() -> None:
        async with steps.playbook as playbook:
            assert await playbook.reach_turn() is None
            await playbook.go()
            while not (tmp_path / "began").exists():
                await asyncio.sleep(0.05)

    try:
        in_time(run())
    finally:
        (tmp_path / "go").touch()
