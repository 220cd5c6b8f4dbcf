"""The module as `apply` sends it: one text over the connection of the real ansible-playbook, here to this machine."""

import asyncio
import getpass
import json
from pathlib import Path
from typing import Any

from twinkeel.rollout.run_playbook import PlaybookRun, run_playbook
from twinkeel.rollout.write_project import INVENTORY, copy_roles

PLAY = """\
- hosts: all
  connection: local
  gather_facts: false
  tasks:
    - name: Judge
      rendered_files:
        state: "{{ state }}"
        files: "{{ given }}"
        notes: "{{ folder }}/notes.json"
        live: "{{ folder }}/live.json"
        lock: "{{ folder }}/lock"
        planned: "{{ planned | default(omit) }}"
"""


def run(folder: Path, **variables: Any) -> PlaybookRun:
    work = folder / "work"
    project = work / "project"
    project.mkdir(parents=True, exist_ok=True)
    if not (project / "library").exists():
        copy_roles(project)
        (project / "files").mkdir()
    (project / "files" / "one").write_text("grün\n", encoding="utf-8")
    me = getpass.getuser()
    given = [{"path": str(folder / "target"), "src": "one", "mode": "0640", "owner": me, "group": me, "early": False}]
    told = {"folder": str(folder), "given": given, **variables}
    (project / INVENTORY).write_text(json.dumps({"all": {"hosts": {"here": told}}}))
    (project / "play.yml").write_text(PLAY)
    return asyncio.run(asyncio.wait_for(run_playbook(work, folder / "log", lambda _: None, "play.yml"), 200))


def test_it_judges_brings_and_tells(tmp_path: Path) -> None:
    judged = run(tmp_path, state="validated")
    assert (judged.failures, judged.changed) == ((), {"here": 0})
    assert not (tmp_path / "target").exists()
    assert run(tmp_path, state="brought").changed == {"here": 1}
    assert (tmp_path / "target").read_text(encoding="utf-8") == "grün\n"
    assert (tmp_path / "target").stat().st_mode & 0o777 == 0o640
    assert run(tmp_path, state="brought").changed == {"here": 0}


def test_a_refusal_reaches_us_in_its_own_words(tmp_path: Path) -> None:
    refused = run(tmp_path, state="validated", planned={"differs": [], "actions": {}})
    assert [failure.message.splitlines()[0] for failure in refused.failures] == [
        f"this host changed since it was looked at ({tmp_path / 'target'}); nothing was replaced: run it again"
    ]


def test_a_module_that_tells_nothing_is_a_failure(tmp_path: Path) -> None:
    run(tmp_path, state="validated")
    (tmp_path / "work/project/sent/rendered_files.py").write_text("raise SystemExit('gone')\n")
    told = run(tmp_path, state="validated").failures
    assert [failure.message for failure in told] == ["the work on this host ended with 1 and told nothing\ngone"]
