"""Fetching a release from a real git repository with real pip; the wheels are made here, so that no network is needed."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from local_release import git, wheelhouse

from twinkeel.errors import ToolError, UsageError
from twinkeel.kubespray.environment import read_range
from twinkeel.kubespray.fetch import FetchOptions, fetch_release
from twinkeel.kubespray.release import find_release
from twinkeel.spec.release_support import AnsibleRange

VERSION_PLAYBOOK = """\
- name: Check Ansible version
  hosts: all
  vars:
    minimal_ansible_version: 2.18.0
    maximal_ansible_version: 2.19.0
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with the two files that a fetch reads, tagged v2.31.0 (annotated) and v2.30.0."""
    folder = tmp_path / "origin with space"
    (folder / "playbooks").mkdir(parents=True)
    (folder / "playbooks/ansible_version.yml").write_text(VERSION_PLAYBOOK)
    (folder / "requirements.txt").write_text("ansible-core==2.18.3\n")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "-m", "one")
    git(folder, "tag", "v2.30.0")
    git(folder, "tag", "-a", "v2.31.0", "-m", "release")
    return folder


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "twinkeel" / "kubespray"


def fetch(tag: str, repository: Path, wheels: Path | None, *, force: bool = False, python: str = sys.executable) -> list[str]:
    said: list[str] = []
    fetch_release(tag, FetchOptions(str(repository), python, wheels, force), said.append)
    return said


def test_a_release_offline_and_another_beside_it(repository: Path, tmp_path: Path, data: Path) -> None:
    wheels = wheelhouse(tmp_path)
    fetch("v2.31.0", repository, wheels)
    release = find_release("v2.31.0")
    assert release.facts()["ansible"] == "2.18.3"
    assert len(release.facts()["commit"]) == 40
    assert read_range(release.checkout) == AnsibleRange("2.18.0", "2.19.0")
    assert fetch("v2.31.0", repository, wheels) == ["v2.31.0 is here already"]
    fetch("v2.30.0", repository, wheels)
    assert sorted(path.name for path in data.iterdir()) == ["v2.30.0", "v2.31.0"]


def test_an_ansible_outside_the_allowed_range_is_refused(repository: Path, tmp_path: Path) -> None:
    (repository / "requirements.txt").write_text("ansible-core==2.19.0\n")
    git(repository, "commit", "-am", "two")
    git(repository, "tag", "v2.32.0")
    with pytest.raises(ToolError, match=r"has ansible-core 2\.19\.0, and the playbooks accept >=2\.18\.0,<2\.19\.0"):
        fetch("v2.32.0", repository, wheelhouse(tmp_path, "2.19.0"))
    with pytest.raises(UsageError, match="fetched only in part"):
        find_release("v2.32.0")


def test_what_cannot_be_fetched(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"no tag 'v2\.31\.7'") as missing:
        fetch("v2.31.7", repository, None)
    assert "did you mean v2.31.0" in missing.value.hint
    with pytest.raises(UsageError, match="is no tag"):
        fetch("../v2", repository, None)
    with pytest.raises(ToolError, match="git failed") as nowhere:
        fetch("v2.31.0", tmp_path / "nowhere", None)
    assert "--source" in nowhere.value.hint
    with pytest.raises(UsageError, match="wheelhouse is not a folder"):
        fetch("v2.31.0", repository, tmp_path / "none")
    with pytest.raises(ToolError, match="pip cannot install what the release requires: ERROR") as pip:
        fetch("v2.31.0", repository, wheelhouse(tmp_path, "2.17.0"))
    assert "pip download" in pip.value.hint
    with pytest.raises(ToolError, match="Python cannot make an environment"):
        fetch("v2.31.0", repository, None, python="/nonexistent/python3")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="git is not installed"):
        fetch("v2.31.0", repository, None)


def test_a_killed_fetch_leaves_nothing_that_is_used_and_goes_on(repository: Path, tmp_path: Path, data: Path) -> None:
    slow = tmp_path / "slow-python"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    program = "import sys; from twinkeel.cli.main import main; main()"
    arguments = ["kubespray", "fetch", "--tag", "v2.31.0", "--source", str(repository), "--python", str(slow)]
    with subprocess.Popen([sys.executable, "-c", program, *arguments], env=dict(os.environ), stderr=subprocess.DEVNULL) as running:
        end = time.monotonic() + 200
        while not (data / "v2.31.0" / "checkout").exists():
            assert time.monotonic() < end
            assert running.poll() is None
            threading.Event().wait(0.02)
        with pytest.raises(ToolError, match="another fetch of this release"):
            fetch("v2.31.0", repository, None)
        running.kill()
    with pytest.raises(UsageError, match="fetched only in part"):
        find_release("v2.31.0")
    said = fetch("v2.31.0", repository, wheelhouse(tmp_path))
    assert "fetching v2.31.0" not in said
    assert find_release("v2.31.0").complete


def test_a_changed_checkout_is_fetched_again(repository: Path, tmp_path: Path) -> None:
    wheels = wheelhouse(tmp_path)
    fetch("v2.31.0", repository, wheels)
    release = find_release("v2.31.0")
    (release.checkout / "requirements.txt").write_text("")
    (release.folder / "complete.json").unlink()
    assert "fetching v2.31.0" in fetch("v2.31.0", repository, wheels)
    assert (release.checkout / "requirements.txt").read_text() == "ansible-core==2.18.3\n"
