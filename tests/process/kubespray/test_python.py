"""Finding a Python that a release's Ansible runs with."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from twinkeel.errors import ToolError
from twinkeel.kubespray.python import find_python
from twinkeel.spec.kubespray_releases import table_support

OLD = table_support("v2.16.0")


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_our_own_python_where_it_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert find_python(replace(table_support("v2.31.0"), pythons=(11, sys.version_info.minor))) == sys.executable


def test_another_one_that_really_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin/python3.8", "echo 'python3.8: command not found' >&2; exit 127")
    program(tmp_path / "pyenv/versions/3.8.18/bin/python3.8", "exec sleep 0")
    good = program(tmp_path / "pyenv/versions/3.7.16/bin/python3.7", "echo 7")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    assert find_python(OLD) == str(good)


def test_none_is_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    with pytest.raises(ToolError, match=r"Ansible of Kubespray v2\.16\.0 needs Python 3\.6 to 3\.8, and none is here") as none:
        find_python(OLD)
    assert "--python" in none.value.hint
    assert find_python(replace(table_support("v2.31.0"), pythons=(3, 4))) == sys.executable
