"""The Ansible module, run as Ansible runs it, on files in a temporary folder."""

import base64
import getpass
import grp
import json
import os
import runpy
import stat
import sys
import threading
from contextlib import redirect_stdout
from functools import partial
from importlib.resources import files
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils import basic

from twinkeel.hosts.host_programs import haproxy_socket, work_lock
from twinkeel.lab.kubernetes.certificates import Authority
from twinkeel.observe.host_programs import reload_safety
from twinkeel.plan import unit_actions
from twinkeel.rollout.host_programs import balancer_health, balancer_units, candidate_files

MODULE = files("twinkeel.rollout") / "ansible" / "library" / "rendered_files.py"


def entry(path: Path, content: str, **more: Any) -> dict[str, Any]:
    me = {"owner": getpass.getuser(), "group": grp.getgrgid(os.getgid()).gr_name}
    return {"path": str(path), "content": base64.b64encode(content.encode()).decode(), **me, **more}


def run(tmp_path: Path, state: str, entries: list[dict[str, Any]], **arguments: Any) -> dict[str, Any]:
    own = {"notes": str(tmp_path / "notes.json"), "live": str(tmp_path / "live.json")}
    own["lock"] = str(tmp_path / "lock")
    given = {"state": state, "files": entries, **own, "_ansible_remote_tmp": str(tmp_path / "ansible"), **arguments}
    # The module ends with sys.exit after it printed its result, as every Ansible module does. In this process it takes
    # milliseconds. Where no test brings a systemctl of its own, none is asked to do anything: no unit needs an action.
    output = StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(output):
        patch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": given}).encode())
        patch.setattr(basic, "_ANSIBLE_PROFILE", "legacy")
        # Ansible sends them along with the module.
        for part in (unit_actions, reload_safety, haproxy_socket, work_lock, candidate_files, balancer_units, balancer_health):
            patch.setitem(sys.modules, f"ansible.module_utils.{part.__name__.rpartition('.')[2]}", part)
        with pytest.raises(SystemExit):
            runpy.run_path(str(MODULE), run_name="__main__")
    result: dict[str, Any] = json.loads(output.getvalue())
    return result


def test_judging_changes_nothing_and_installing_makes_it_so_once(tmp_path: Path) -> None:
    target = tmp_path / "new" / "folder" / "file"
    entries = [entry(target, "hello\n", mode="0640")]
    judged = run(tmp_path, "validated", entries)
    assert (judged["changed"], judged["differs"]) == (False, [str(target)])
    assert not target.exists()
    assert run(tmp_path, "brought", entries)["changed"] is True
    assert target.read_text() == "hello\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert [found.name for found in target.parent.iterdir()] == ["file"]
    assert run(tmp_path, "brought", entries)["changed"] is False
    assert run(tmp_path, "validated", entries)["differs"] == []


def test_what_an_earlier_run_installed_and_this_one_lacks_is_removed(tmp_path: Path) -> None:
    both = [entry(tmp_path / "kept", "a\n"), entry(tmp_path / "gone", "b\n", unit="firewall", on_change="restart")]
    run(tmp_path, "brought", both, units=["firewall"])
    assert run(tmp_path, "validated", both[:1])["needed"] is True
    assert run(tmp_path, "brought", both[:1])["differs"] == [str(tmp_path / "gone")]
    assert not (tmp_path / "gone").exists()
    assert run(tmp_path, "validated", both[:1])["needed"] is False


def broken_off(tmp_path: Path, entries: list[dict[str, Any]], **arguments: Any) -> None:
    """A run that replaced the files and then found that the load balancer does not serve: nobody listens on port 1."""
    health = {"monitor_port": 1, "port": 1, "name": "x", "units": [], "timeout": 0}
    result = run(tmp_path, "brought", entries, health=health, **arguments)
    assert result["failed"] is True
    assert "does not serve: GET /live does not answer" in result["msg"]


def test_a_run_that_broke_off_leaves_no_file_that_nobody_knows(tmp_path: Path) -> None:
    broken_off(tmp_path, [entry(tmp_path / "new", "x\n")])
    assert (tmp_path / "new").exists()
    assert run(tmp_path, "validated", [entry(tmp_path / "other", "y\n")])["differs"] == [
        str(tmp_path / "other"),
        str(tmp_path / "new"),
    ]


def test_only_what_is_missing_is_added_before_a_check_needs_it(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("old\n")
    entries = [entry(tmp_path / "there", "new\n", early=True), entry(tmp_path / "missing", "new\n", early=True)]
    judged = run(tmp_path, "validated", entries)
    assert (judged["changed"], judged["differs"]) == (True, [str(tmp_path / "there")])
    assert (tmp_path / "missing").read_text() == "new\n"
    assert (tmp_path / "there").read_text() == "old\n"


def test_a_certificate_that_cannot_be_read_is_replaced_before_a_check_needs_it(tmp_path: Path) -> None:
    broken = tmp_path / "kubernetes-ca.pem"
    broken.write_text("-----BEGIN CERTIFICATE-----\ncut off")
    own_ca = Authority("a test's own CA").pair.certificate.decode()
    assert run(tmp_path, "validated", [entry(broken, own_ca, early=True)])["changed"] is True
    assert broken.read_text() == own_ca
    assert run(tmp_path, "validated", [entry(broken, "another\n", early=True)])["changed"] is False
    assert broken.read_text() == own_ca


@pytest.mark.parametrize("planned", [["file"], [], ["file", "other"]])
def test_a_host_that_changed_since_the_plan_was_made_refuses(tmp_path: Path, planned: list[str]) -> None:
    target = tmp_path / "file"
    told = {"differs": [str(tmp_path / name) for name in planned], "actions": {}}
    result = run(tmp_path, "validated", [entry(target, "x\n")], planned=told)
    if planned == ["file"]:
        assert result["differs"] == [str(target)]
        return
    assert result["failed"] is True
    assert "this host changed since it was looked at" in result["msg"]
    assert str(tmp_path / (planned or ["file"])[-1]) in result["msg"]
    assert not target.exists()


def test_a_service_that_was_stopped_since_the_plan_was_made_is_told(tmp_path: Path) -> None:
    told = {"differs": [], "actions": {"haproxy": "none"}}
    result = run(tmp_path, "validated", [], units=["haproxy"], planned=told)
    assert result["failed"] is True
    assert "(haproxy)" in result["msg"]


def test_what_was_added_early_is_as_planned(tmp_path: Path) -> None:
    target = tmp_path / "ca.crt"
    told = {"differs": [str(target)], "actions": {}}
    assert run(tmp_path, "validated", [entry(target, "x\n", early=True)], planned=told)["changed"] is True


def test_without_room_for_all_none_is_replaced(tmp_path: Path) -> None:
    first = tmp_path / "first"
    first.write_text("old\n")
    (tmp_path / "in-the-way").write_text("a file where a folder is needed\n")
    result = run(tmp_path, "brought", [entry(first, "new\n"), entry(tmp_path / "in-the-way" / "second", "x\n")])
    assert result["failed"] is True
    assert "Not a directory" in result["msg"]
    assert first.read_text() == "old\n"
    assert not [found for found in tmp_path.iterdir() if found.name.startswith(".twinkeel-")]


@pytest.mark.parametrize("spoil", ["content", "mode", "link", "missing"])
def test_whatever_differs_is_found_and_put_right(tmp_path: Path, spoil: str) -> None:
    target = tmp_path / "file"
    entries = [entry(target, "right\n")]
    run(tmp_path, "brought", entries)
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
    assert run(tmp_path, "brought", entries)["differs"] == [str(target)]
    assert target.read_text() == "right\n"
    assert not target.is_symlink()
    assert stat.S_IMODE(target.stat().st_mode) == 0o644


def test_in_check_mode_nothing_is_installed(tmp_path: Path) -> None:
    target = tmp_path / "file"
    assert run(tmp_path, "brought", [entry(target, "x\n")], _ansible_check_mode=True)["changed"] is True
    assert not target.exists()


def test_a_refused_candidate_ends_it_with_the_programs_words(tmp_path: Path) -> None:
    target = tmp_path / "haproxy.cfg"
    target.write_text("global\n")
    checks = [{"path": str(target), "argv": ["haproxy", "-c", "-f", "%s"]}]
    result = run(tmp_path, "validated", [entry(target, "globall\n")], checks=checks)
    assert result["failed"] is True
    assert "haproxy refuses the candidate" in result["msg"]
    assert "unknown keyword 'globall'" in result["msg"]
    assert target.read_text() == "global\n"


def test_an_alert_with_exit_code_0_is_a_refusal(tmp_path: Path) -> None:
    checks = [{"path": str(tmp_path / "f"), "argv": ["echo", "[ALERT] no", "%s"]}]
    assert "[ALERT] no" in run(tmp_path, "validated", [entry(tmp_path / "f", "x\n")], checks=checks)["msg"]


def test_a_file_that_is_already_there_is_not_judged_again(tmp_path: Path) -> None:
    target = tmp_path / "f"
    entries = [entry(target, "x\n")]
    run(tmp_path, "brought", entries)
    assert "failed" not in run(tmp_path, "validated", entries, checks=[{"path": str(target), "argv": ["false", "%s"]}])


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A systemctl that says that every unit is active and enabled, and writes down what else it is asked to do."""
    (tmp_path / "bin").mkdir()
    log = tmp_path / "systemctl.log"
    (tmp_path / "bin" / "systemctl").write_text(
        f"""#!/bin/sh
case "$1" in
show) echo ActiveState=active; echo UnitFileState=${{UNIT_FILE_STATE:-enabled}} ;;
is-enabled) test "${{UNIT_FILE_STATE:-enabled}}" = enabled ;;
*) echo "$@" >> {log}; case "$*" in "$REFUSED") echo "it is refused" >&2; exit 1 ;; esac ;;
esac
"""
    )
    (tmp_path / "bin" / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    return log


def needs(tmp_path: Path, config: str, unit: str) -> str:
    entries = files_of_haproxy(tmp_path, config, unit)
    action: str = run(tmp_path, "validated", entries, units=["haproxy"])["actions"]["haproxy"]
    return action


def files_of_haproxy(tmp_path: Path, config: str, unit: str) -> list[dict[str, Any]]:
    return [
        entry(tmp_path / "haproxy.cfg", config, unit="haproxy", on_change="reload"),
        entry(tmp_path / "drop-in.conf", unit, unit="haproxy", on_change="restart"),
    ]


@pytest.mark.usefixtures("running")
def test_what_a_service_needs_follows_from_what_differs(tmp_path: Path) -> None:
    first = files_of_haproxy(tmp_path, "a", "b")
    run(tmp_path, "brought", first, units=["haproxy"])
    assert needs(tmp_path, "a", "b") == "none"
    assert needs(tmp_path, "new", "b") == "reload"
    assert needs(tmp_path, "a", "new") == "restart"
    assert needs(tmp_path, "new", "new") == "restart"


@pytest.mark.usefixtures("running")
def test_a_run_that_broke_off_before_the_reload_is_completed_by_the_next(tmp_path: Path) -> None:
    first = files_of_haproxy(tmp_path, "a", "b")
    run(tmp_path, "brought", first, units=["haproxy"])
    second = files_of_haproxy(tmp_path, "new", "b")
    broken_off(tmp_path, second, units=["haproxy"])
    assert run(tmp_path, "validated", second, units=["haproxy"])["differs"] == []
    assert needs(tmp_path, "new", "b") == "reload"
    run(tmp_path, "brought", second, units=["haproxy"])
    assert needs(tmp_path, "new", "b") == "none"


UNITS = ["twinkeel-firewall", "haproxy", "twinkeel-liveness", "keepalived"]


def test_services_are_brought_to_their_files_one_after_the_other(
    tmp_path: Path, running: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNIT_FILE_STATE", "disabled")
    actions = {"keepalived": "restart", "twinkeel-liveness": "reload", "haproxy": "none", "twinkeel-firewall": "start"}
    assert run(tmp_path, "brought", [], units=UNITS, actions=actions)["changed"] is True
    assert running.read_text().splitlines() == [
        "daemon-reload",
        *("enable twinkeel-firewall", "start twinkeel-firewall"),
        *("enable twinkeel-liveness", "restart twinkeel-liveness"),
        *("enable keepalived", "restart keepalived"),
    ]


@pytest.mark.parametrize(
    ("said", "path", "read_again"),
    [
        ("NeedDaemonReload=no\n\nNeedDaemonReload=no", "/etc/haproxy/haproxy.cfg", False),
        ("NeedDaemonReload=no\n\nNeedDaemonReload=no", "/etc/systemd/system/haproxy.service.d/twinkeel.conf", True),
        # A run that broke off has left it; or systemd does not say.
        ("NeedDaemonReload=no\n\nNeedDaemonReload=yes", "/etc/haproxy/haproxy.cfg", True),
        ("", "/etc/haproxy/haproxy.cfg", True),
    ],
)
def test_systemd_reads_its_units_again_where_one_was_replaced_or_is_stale(said: str, path: str, read_again: bool) -> None:
    asked: list[list[str]] = []

    def run_command(argv: list[str]) -> tuple[int, str, str]:
        asked.append(argv)
        return 0, said if argv[3:] == ["haproxy", "twinkeel-linger"] else "", ""

    ours = ["/etc/systemd/system/haproxy.service.d/twinkeel.conf", "/etc/systemd/system/twinkeel-linger.service", "/etc/x"]
    balancer_units.bring_units(run_command, ["haproxy"], {"haproxy": "reload"}, None, ours, [path])
    assert (["systemctl", "daemon-reload"] in asked) is read_again
    assert asked[-1] == ["systemctl", "reload-or-restart", "haproxy"]


def test_where_one_fails_the_next_is_not_touched(tmp_path: Path, running: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFUSED", "reload-or-restart haproxy")
    result = run(tmp_path, "brought", [], units=UNITS, actions={"haproxy": "reload", "keepalived": "reload"})
    assert result["failed"] is True
    assert result["msg"] == "`systemctl reload-or-restart haproxy` ended with 1: it is refused"
    assert running.read_text().splitlines() == ["daemon-reload", "reload-or-restart haproxy"]
    assert not (tmp_path / "notes.json").exists()


def test_keepalived_waits_for_a_haproxy_that_answers(tmp_path: Path, running: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(balancer_units, "LIVE_DEADLINE", 0)
    health = {"monitor_port": 1, "port": 1, "name": "x", "units": [], "timeout": 0}
    actions = {"haproxy": "restart", "keepalived": "start"}
    result = run(tmp_path, "brought", [], units=UNITS, actions=actions, health=health)
    assert "GET /live on port 1 does not answer" in result["msg"]
    assert running.read_text().splitlines() == ["daemon-reload", "restart haproxy"]


@pytest.mark.usefixtures("running")
def test_damaged_notes_cost_a_restart_and_nothing_else(tmp_path: Path) -> None:
    run(tmp_path, "brought", files_of_haproxy(tmp_path, "a", "b"))
    (tmp_path / "notes.json").write_text("{")
    assert needs(tmp_path, "a", "b") == "restart"


@pytest.mark.usefixtures("running")
def test_a_unit_that_is_not_enabled_is_put_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = files_of_haproxy(tmp_path, "a", "b")
    run(tmp_path, "brought", first, units=["haproxy"])
    monkeypatch.setenv("UNIT_FILE_STATE", "disabled")
    assert needs(tmp_path, "a", "b") == "start"


def test_a_checker_that_died_is_no_refusal(tmp_path: Path) -> None:
    entries = [entry(tmp_path / "a.conf", "x\n")]
    died = [{"path": str(tmp_path / "a.conf"), "argv": ["sh", "-c", "exit 143", "%s"]}]
    result = run(tmp_path, "validated", entries, checks=died)
    assert result["failed"] is True
    assert "ended by signal 15 before it had validated" in result["msg"]
    assert not (tmp_path / "a.conf").exists()


def test_a_module_that_is_still_at_work_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_lock, "PAUSE", 0.01)
    held = work_lock.at_work(str(tmp_path / "lock"))
    held.__enter__()
    threading.Timer(0.1, held.__exit__, (None, None, None)).start()
    assert run(tmp_path, "brought", [entry(tmp_path / "file", "x\n")])["changed"] is True


def test_where_it_does_not_end_nothing_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_lock, "at_work", partial(work_lock.at_work, deadline=0))
    with work_lock.at_work(str(tmp_path / "lock")):
        result = run(tmp_path, "brought", [entry(tmp_path / "file", "x\n")])
    assert result["failed"] is True
    assert "another run is still at work" in result["msg"]
    assert not (tmp_path / "file").exists()
