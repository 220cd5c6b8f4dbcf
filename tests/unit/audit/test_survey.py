"""scripts/audit_survey.py: how many files of a collection have each fault."""

import runpy
import sys
from pathlib import Path

import pytest

SCRIPT = str(Path(__file__).parents[3] / "scripts/audit_survey.py")
HAPROXY = "backend k8s\n    server a 10.0.0.1:6443 check\n"
WEB = "backend web\n    server a 10.0.0.1:80 check\n"
KEEPALIVED = "vrrp_instance api {\n    state Master\n    virtual_router_id 7\n}\n"


def survey(folder: Path, files: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(sys, "argv", ["audit_survey.py", str(folder)])
    runpy.run_path(SCRIPT, run_name="__main__")
    return capsys.readouterr().out


def test_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    files = {
        "one/haproxy.cfg": HAPROXY,
        "one/keepalived.conf": KEEPALIVED,
        "two/etc/haproxy.cfg": WEB,
        "copy/haproxy.cfg": WEB,
        "template/haproxy.cfg": HAPROXY.replace("10.0.0.1", "{{ ip }}"),
        "empty/haproxy.cfg": "\n",
        "one/hosts.ini": "[kube_control_plane]\na ip=10.0.0.1\n",
    }
    shown = survey(tmp_path, files, monkeypatch, capsys)
    assert "3 sources; left out: 1 templates, 1 files" in shown
    assert "**haproxy.cfg**: 2; 1 of sources" in shown
    assert "| missing-timeout | error | 2 (100 %) | 1 (100 %) |" in shown
    assert "| kept-sessions | warning | 1 (50 %) | 1 (100 %) |" in shown
    assert "**keepalived.conf**: 1; 1 of" in shown
    assert "| unknown-state | error | 1 (100 %) | 1 (100 %) |" in shown
    assert "**pairs and hosts with their scripts**: 1, 0 of them" in shown
    assert "| untracked-haproxy | error | 1 (100 %) | 1 (100 %) |" in shown


def test_without_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["audit_survey.py"])
    with pytest.raises(SystemExit, match="usage"):
        runpy.run_path(SCRIPT, run_name="__main__")
