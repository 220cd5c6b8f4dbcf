"""The CI examples for a folder of specs: what they run is run, and both services' schemas accept them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[3]
CHECK = Path(sys.executable).with_name("check-jsonschema")
NAMESPACES = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="network namespaces need root")


def read(name: str) -> Any:
    return YAML(typ="safe").load((ROOT / "examples/ci" / name).read_text())


GITHUB = read("github-clusters.yml")["jobs"]
GITLAB = read("gitlab-clusters.yml")


def steps(job: str) -> list[str]:
    return [step["run"] for step in GITHUB[job]["steps"] if "run" in step and step["name"] != "Install"]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two specs, and a `twinkeel` to call."""
    work = tmp_path / "work"
    (work / "clusters").mkdir(parents=True)
    for name in ("north", "south"):
        text = (ROOT / "examples/small.yaml").read_text()
        first = next(line for line in text.splitlines() if line.startswith("name: "))
        (work / f"clusters/{name}.yaml").write_text(text.replace(first, f"name: {name}"))
    (work / "known_hosts").touch()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/twinkeel").write_text(f'#!/bin/sh\nexec {sys.executable} -m twinkeel "$@"\n')
    (tmp_path / "bin/twinkeel").chmod(0o755)
    return work


Run = Callable[[str], "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(repository: Path) -> Run:
    """One step, in a namespace whose hosts cannot be reached where that can be made."""
    key = repository / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    given = {
        "TWINKEEL_SSH_IDENTITY_FILE": "key",
        "TWINKEEL_SSH_KNOWN_HOSTS_FILE": "known_hosts",
        "KEY": key.read_text().rstrip("\n"),
    }
    environment = {**os.environ, "PATH": f"{repository.parent}/bin:{os.environ['PATH']}", **given}
    alone = ["unshare", "--net", "--"] if os.geteuid() == 0 and shutil.which("unshare") else []

    def step(script: str) -> "subprocess.CompletedProcess[str]":
        argv = [*alone, "bash", "-e", "-c", script]
        return subprocess.run(argv, cwd=repository, env=environment, capture_output=True, text=True, timeout=120, check=False)

    return step


@pytest.mark.parametrize("script", [*steps("check"), *GITLAB["check"]["script"]])
def test_a_push_is_checked_without_any_host(script: str, repository: Path, run: Run) -> None:
    ended = run(script)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.endswith("2 clusters: 2 good, 0 not (exit code 0)\n")
    (repository / "clusters/south.yaml").write_text("name: south\nload_balancers: {lb-1: 10.0.0.1}\n")
    ended = run(script)
    assert ended.returncode == 1
    assert "south: " in ended.stdout


@NAMESPACES
def test_github_s_live_job_asks_every_cluster(repository: Path, run: Run) -> None:
    key, audit, plan, forget = steps("live")
    assert run(key).returncode == 0
    assert (repository / "key").stat().st_mode & 0o777 == 0o600
    for script in (audit, plan):
        ended = run(script)
        assert ended.returncode == 3, ended
        assert "2 clusters: 0 good, 2 not (exit code 3)" in ended.stdout
        assert "key" not in ended.stdout, "what was wrong is the network, not the key"
    assert run(forget).returncode == 0
    assert not (repository / "key").exists()


@NAMESPACES
def test_gitlab_s_live_job_keeps_what_was_found(repository: Path, run: Run) -> None:
    ended = run("\n".join(GITLAB["live"]["script"]))
    assert ended.returncode == 3
    for name in ("audit", "plan"):
        told = json.loads((repository / f"{name}.json").read_text())
        assert [(each["name"], each["exit_code"]) for each in told["clusters"]] == [("north", 3), ("south", 3)]


@pytest.mark.parametrize(
    ("kind", "name"), [("vendor.github-workflows", "github-clusters.yml"), ("vendor.gitlab-ci", "gitlab-clusters.yml")]
)
def test_their_own_schemas_accept_them(kind: str, name: str) -> None:
    argv = [str(CHECK), "--builtin-schema", kind, str(ROOT / "examples/ci" / name)]
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stdout
