"""Our own small helpers take arguments as Ansible's do, and say what makes no sense. The module itself runs with both."""

import json
import os
import signal
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from twinkeel.rollout.host_programs import small_module
from twinkeel.rollout.host_programs.small_module import AnsibleModule, params_of

SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "count": {"type": "int", "default": 5},
    "timeout": {"type": "float"},
    "serves": {"type": "bool", "default": True},
    "state": {"choices": ["a", "b"], "default": "a"},
    "units": {"type": "list", "default": []},
    "files": {"type": "list", "elements": "dict", "default": [], "options": {"mode": {"default": "0644"}}},
    "more": {"type": "dict"},
}


def module(monkeypatch: pytest.MonkeyPatch, **more: Any) -> AnsibleModule:
    main = ModuleType("__main__")
    vars(main)["ARGUMENTS"] = json.dumps({"name": "x", **more})
    monkeypatch.setitem(sys.modules, "__main__", main)
    return AnsibleModule(SPEC)


def ended(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def test_what_yaml_and_jinja_make_of_values_is_taken_as_it_is_meant() -> None:
    given = {"name": "x", "count": "7", "timeout": "0.5", "serves": "False", "units": ["a"], "files": [{}], "more": {"k": [1]}}
    assert params_of(given, SPEC) == {
        "name": "x",
        "count": 7,
        "timeout": 0.5,
        "serves": False,
        "state": "a",
        "units": ["a"],
        "files": [{"mode": "0644"}],
        "more": {"k": [1]},
    }
    assert params_of({"name": "x"}, SPEC)["timeout"] is None


@pytest.mark.parametrize(
    "given", [{}, {"name": None}, {"name": "x", "nmae": 1}, {"name": "x", "count": "many"}, {"name": "x", "serves": "perhaps"}]
)
def test_arguments_that_make_no_sense_end_the_module(
    given: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main = ModuleType("__main__")
    vars(main)["ARGUMENTS"] = json.dumps(given)
    monkeypatch.setitem(sys.modules, "__main__", main)
    with pytest.raises(SystemExit):
        AnsibleModule(SPEC)
    said = ended(capsys)
    assert said["failed"] is True
    assert said["msg"].startswith("the task's arguments make no sense: ")


def test_a_state_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="state"):
        params_of({"name": "x", "state": "c"}, SPEC)


def test_private_files_go_when_the_module_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(small_module, "TMPDIR", str(tmp_path / "private"))
    ours = module(monkeypatch)
    assert os.stat(ours.tmpdir).st_mode & 0o777 == 0o700
    (Path(ours.tmpdir) / "secret").write_text("x")
    with pytest.raises(SystemExit):
        ours.exit_json(differs=["a"])
    assert list((tmp_path / "private").iterdir()) == []
    assert ended(capsys) == {"differs": ["a"], "changed": False}


def test_a_program_that_is_not_there_ends_the_module(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    ours = module(monkeypatch)
    assert ours.run_command(["sh", "-c", "echo out; echo err >&2; exit 3"]) == (3, "out\n", "err\n")
    with pytest.raises(SystemExit):
        ours.run_command(["no-such-program-of-twinkeel"])
    assert ended(capsys)["msg"] == "no-such-program-of-twinkeel cannot be run: No such file or directory"


def test_what_a_command_leaves_running_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    code, said, _ = module(monkeypatch).run_command(["sh", "-c", "sleep 300 & echo $!"])
    os.kill(int(said), signal.SIGTERM)
    assert code == 0


def test_in_check_mode_a_module_that_does_not_know_it_does_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        module(monkeypatch, _ansible_check_mode=True)
    assert ended(capsys) == {"skipped": True, "changed": False}
