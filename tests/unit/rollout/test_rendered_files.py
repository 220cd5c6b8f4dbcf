"""The Ansible module, run as Ansible runs it, on files in a temporary folder."""

import base64
import getpass
import grp
import json
import os
import runpy
import stat
import sys
from contextlib import redirect_stdout
from importlib.resources import files
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils import basic

from twinkeel.lab.kubernetes.certificates import Authority
from twinkeel.observe.host_programs import reload_safety
from twinkeel.plan import unit_actions

MODULE = files("twinkeel.rollout") / "ansible" / "library" / "rendered_files.py"


def entry(path: Path, content: str, **more: Any) -> dict[str, Any]:
    me = {"owner": getpass.getuser(), "group": grp.getgrgid(os.getgid()).gr_name}
    return {"path": str(path), "content": base64.b64encode(content.encode()).decode(), **me, **more}


def run(tmp_path: Path, state: str, entries: list[dict[str, Any]], **arguments: Any) -> dict[str, Any]:
    own = {"notes": str(tmp_path / "notes.json"), "live": str(tmp_path / "live.json")}
    given = {"state": state, "files": entries, **own, "_ansible_remote_tmp": str(tmp_path / "ansible"), **arguments}
    # The module ends with sys.exit after it printed its result, as every Ansible module does. In this process it takes
    # milliseconds; systemctl says nothing of use here: these tests are about files and notes.
    output = StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(output):
        patch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": given}).encode())
        patch.setattr(basic, "_ANSIBLE_PROFILE", "legacy")
        # Ansible sends it along with the module.
        patch.setitem(sys.modules, "ansible.module_utils.unit_actions", unit_actions)
        patch.setitem(sys.modules, "ansible.module_utils.reload_safety", reload_safety)
        with pytest.raises(SystemExit):
            runpy.run_path(str(MODULE), run_name="__main__")
    result: dict[str, Any] = json.loads(output.getvalue())
    return result


def test_judging_changes_nothing_and_installing_makes_it_so_once(tmp_path: Path) -> None:
    target = tmp_path / "new" / "folder" / "file"
    entries = [entry(target, "hello\n", mode="0640")]
    judged = run(tmp_path, "judged", entries)
    assert (judged["changed"], judged["differs"]) == (False, [str(target)])
    assert not target.exists()
    assert run(tmp_path, "installed", entries)["changed"] is True
    assert target.read_text() == "hello\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert [found.name for found in target.parent.iterdir()] == ["file"]
    assert run(tmp_path, "installed", entries)["changed"] is False
    assert run(tmp_path, "judged", entries)["differs"] == []


def test_what_an_earlier_run_installed_and_this_one_lacks_is_removed(tmp_path: Path) -> None:
    both = [entry(tmp_path / "kept", "a\n"), entry(tmp_path / "gone", "b\n", unit="firewall", on_change="restart")]
    run(tmp_path, "installed", both)
    run(tmp_path, "loaded", both, units=["firewall"])
    assert run(tmp_path, "judged", both[:1])["needed"] is True
    assert run(tmp_path, "installed", both[:1])["differs"] == [str(tmp_path / "gone")]
    assert not (tmp_path / "gone").exists()
    run(tmp_path, "loaded", both[:1])
    assert run(tmp_path, "judged", both[:1])["needed"] is False


def test_a_run_that_broke_off_leaves_no_file_that_nobody_knows(tmp_path: Path) -> None:
    run(tmp_path, "installed", [entry(tmp_path / "new", "x\n")])
    assert run(tmp_path, "judged", [entry(tmp_path / "other", "y\n")])["differs"] == [
        str(tmp_path / "other"),
        str(tmp_path / "new"),
    ]


def test_only_what_is_missing_is_added(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("old\n")
    entries = [entry(tmp_path / "there", "new\n"), entry(tmp_path / "missing", "new\n")]
    assert run(tmp_path, "installed", entries, only_missing=True)["differs"] == [str(tmp_path / "missing")]
    assert (tmp_path / "there").read_text() == "old\n"


def test_a_certificate_that_cannot_be_read_is_replaced_before_a_check_needs_it(tmp_path: Path) -> None:
    broken = tmp_path / "kubernetes-ca.pem"
    broken.write_text("-----BEGIN CERTIFICATE-----\ncut off")
    own_ca = Authority("a test's own CA").pair.certificate.decode()
    assert run(tmp_path, "installed", [entry(broken, own_ca)], only_missing=True)["differs"] == [str(broken)]
    assert broken.read_text() == own_ca
    assert run(tmp_path, "installed", [entry(broken, "another\n")], only_missing=True)["changed"] is False


def test_without_room_for_all_none_is_replaced(tmp_path: Path) -> None:
    first = tmp_path / "first"
    first.write_text("old\n")
    (tmp_path / "in-the-way").write_text("a file where a folder is needed\n")
    result = run(tmp_path, "installed", [entry(first, "new\n"), entry(tmp_path / "in-the-way" / "second", "x\n")])
    assert result["failed"] is True
    assert "Not a directory" in result["msg"]
    assert first.read_text() == "old\n"
    assert not [found for found in tmp_path.iterdir() if found.name.startswith(".twinkeel-")]


@pytest.mark.parametrize("spoil", ["content", "mode", "link", "missing"])
def test_whatever_differs_is_found_and_put_right(tmp_path: Path, spoil: str) -> None:
    target = tmp_path / "file"
    entries = [entry(target, "right\n")]
    run(tmp_path, "installed", entries)
    if spoil == "content":
        target.write_text("wrong\n")
    elif spoil == "mode":
        target.chmod(0o600)
    else:
        target.unlink()
    if spoil == "link":
        (tmp_path / "other").write_text("right\n")
        (tmp_path / "other").chmod(0o644)
        target.symlink_to(tmp_path / "other")
    assert run(tmp_path, "installed", entries)["differs"] == [str(target)]
    assert target.read_text() == "right\n"
    assert not target.is_symlink()
    assert stat.S_IMODE(target.stat().st_mode) == 0o644


def test_in_check_mode_nothing_is_installed(tmp_path: Path) -> None:
    target = tmp_path / "file"
    assert run(tmp_path, "installed", [entry(target, "x\n")], _ansible_check_mode=True)["changed"] is True
    assert not target.exists()


def test_a_refused_candidate_ends_it_with_the_programs_words(tmp_path: Path) -> None:
    target = tmp_path / "haproxy.cfg"
    target.write_text("global\n")
    checks = [{"path": str(target), "argv": ["haproxy", "-c", "-f", "%s"]}]
    result = run(tmp_path, "judged", [entry(target, "globall\n")], checks=checks)
    assert result["failed"] is True
    assert "haproxy refuses the candidate" in result["msg"]
    assert "unknown keyword 'globall'" in result["msg"]
    assert target.read_text() == "global\n"


def test_an_alert_with_exit_code_0_is_a_refusal(tmp_path: Path) -> None:
    checks = [{"path": str(tmp_path / "f"), "argv": ["echo", "[ALERT] no", "%s"]}]
    assert "[ALERT] no" in run(tmp_path, "judged", [entry(tmp_path / "f", "x\n")], checks=checks)["msg"]


def test_a_file_that_is_already_there_is_not_judged_again(tmp_path: Path) -> None:
    target = tmp_path / "f"
    entries = [entry(target, "x\n")]
    run(tmp_path, "installed", entries)
    assert "failed" not in run(tmp_path, "judged", entries, checks=[{"path": str(target), "argv": ["false", "%s"]}])


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A systemctl that says that every unit is active and enabled."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "systemctl").write_text(
        "#!/bin/sh\necho ActiveState=active\necho UnitFileState=${UNIT_FILE_STATE:-enabled}\n"
    )
    (tmp_path / "bin" / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")


def needs(tmp_path: Path, config: str, unit: str) -> str:
    entries = files_of_haproxy(tmp_path, config, unit)
    action: str = run(tmp_path, "judged", entries, units=["haproxy"])["actions"]["haproxy"]
    return action


def files_of_haproxy(tmp_path: Path, config: str, unit: str) -> list[dict[str, Any]]:
    return [
        entry(tmp_path / "haproxy.cfg", config, unit="haproxy", on_change="reload"),
        entry(tmp_path / "drop-in.conf", unit, unit="haproxy", on_change="restart"),
    ]


@pytest.mark.usefixtures("running")
def test_what_a_service_needs_follows_from_what_differs(tmp_path: Path) -> None:
    first = files_of_haproxy(tmp_path, "a", "b")
    run(tmp_path, "installed", first)
    run(tmp_path, "loaded", first, units=["haproxy"])
    assert needs(tmp_path, "a", "b") == "none"
    assert needs(tmp_path, "new", "b") == "reload"
    assert needs(tmp_path, "a", "new") == "restart"
    assert needs(tmp_path, "new", "new") == "restart"


@pytest.mark.usefixtures("running")
def test_a_run_that_broke_off_before_the_reload_is_completed_by_the_next(tmp_path: Path) -> None:
    first = files_of_haproxy(tmp_path, "a", "b")
    run(tmp_path, "installed", first)
    run(tmp_path, "loaded", first, units=["haproxy"])
    second = files_of_haproxy(tmp_path, "new", "b")
    run(tmp_path, "installed", second)
    assert run(tmp_path, "judged", second, units=["haproxy"])["differs"] == []
    assert needs(tmp_path, "new", "b") == "reload"
    assert run(tmp_path, "loaded", second, units=["haproxy"])["changed"] is True
    assert needs(tmp_path, "new", "b") == "none"
    assert run(tmp_path, "loaded", second, units=["haproxy"])["changed"] is False


@pytest.mark.usefixtures("running")
def test_damaged_notes_cost_a_restart_and_nothing_else(tmp_path: Path) -> None:
    run(tmp_path, "installed", files_of_haproxy(tmp_path, "a", "b"))
    (tmp_path / "notes.json").write_text("{")
    assert needs(tmp_path, "a", "b") == "restart"


@pytest.mark.usefixtures("running")
def test_a_unit_that_is_not_enabled_is_put_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = files_of_haproxy(tmp_path, "a", "b")
    run(tmp_path, "installed", first)
    run(tmp_path, "loaded", first, units=["haproxy"])
    monkeypatch.setenv("UNIT_FILE_STATE", "disabled")
    assert needs(tmp_path, "a", "b") == "start"


def test_a_checker_that_died_is_no_refusal(tmp_path: Path) -> None:
    entries = [entry(tmp_path / "a.conf", "x\n")]
    died = [{"path": str(tmp_path / "a.conf"), "argv": ["sh", "-c", "exit 143", "%s"]}]
    result = run(tmp_path, "judged", entries, checks=died)
    assert result["failed"] is True
    assert "ended by signal 15 before it had judged" in result["msg"]
    assert not (tmp_path / "a.conf").exists()
