"""What a release removed is read from the release, and refused before a playbook runs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from twinkeel.errors import UsageError
from twinkeel.kubespray.removed_variables import VALIDATION, guard_variables, removed_variables
from twinkeel.topology.model import Topology

TASKS = """\
---
- name: Refuse what is gone
  vars:
    removed_vars:
      - old_path
      - older_path
    found: "{{ query('varnames', removed_vars | join('|')) }}"
  assert: {that: found | length == 0}
- name: Another
  assert: {that: true}
"""


def checkout(folder: Path, text: str) -> Path:
    (folder / VALIDATION).parent.mkdir(parents=True)
    (folder / VALIDATION).write_text(text)
    return folder


def test_the_release_s_own_list(tmp_path: Path) -> None:
    assert removed_variables(checkout(tmp_path, TASKS)) == {"old_path", "older_path"}


@pytest.mark.parametrize("text", ["", "- [", "tasks: {}", "- vars: {removed_vars: text}", "- text"])
def test_a_release_without_one_refuses_nothing(tmp_path: Path, text: str) -> None:
    assert removed_variables(checkout(tmp_path, text)) == frozenset()
    assert removed_variables(tmp_path / "nowhere") == frozenset()


def test_a_removed_variable_is_refused_and_after_the_hint_it_is_not(
    tmp_path: Path, build_edited: Callable[..., Topology], lab_home_topology: Topology
) -> None:
    folder = checkout(tmp_path, TASKS)
    set_it = build_edited(("network_plugin: calico", "network_plugin: calico, variables: {old_path: /x}"))
    with pytest.raises(UsageError, match="has removed old_path"):
        guard_variables(set_it, folder)
    guard_variables(lab_home_topology, folder)
