"""A release that no line of ours knows: fetched from a git repository, and then `check`, `render` and `run` know it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_release import git, wheelhouse

import made_up_release as made_up
from twinkeel.spec.kubespray_releases import RELEASES

TAG = "v2.33.0"
EXAMPLE = Path(__file__).parents[3] / "examples/lab-home.yaml"
KUBERNETES = "version: 1.35.4, kubespray: v2.31.0"


@pytest.fixture(scope="module", autouse=True)
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What the fetch printed."""
    folder = tmp_path_factory.mktemp("tomorrow")
    # It writes versions with a v again: by that its own files are told from the table's newest line.
    origin = made_up.write(folder / "origin", made_up.newest_release("v"))
    git(origin, "init", "--quiet")
    git(origin, "add", ".")
    git(origin, "commit", "-m", "release")
    git(origin, "tag", TAG)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(folder / "data"))
        # It says 3.11 to 3.14, and what runs the tests is one of them.
        wheels = str(wheelhouse(folder, "2.20.3"))
        ended = twinkeel("kubespray", "fetch", "--tag", TAG, "--source", str(origin), "--wheelhouse", wheels)
        assert ended.returncode == 0, ended.stderr
        yield ended.stdout


def twinkeel(*arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-c", "from twinkeel.cli.main import main; main()", *arguments]
    return subprocess.run(argv, env=dict(os.environ), capture_output=True, text=True, timeout=120, check=False)


def spec(tmp_path: Path, version: str, more: str = "", tag: str = TAG) -> str:
    text = EXAMPLE.read_text()
    assert text.count(KUBERNETES) == 1
    path = tmp_path / "twinkeel.yaml"
    path.write_text(text.replace(KUBERNETES, f"version: {version}, kubespray: {tag}{more}"))
    return str(path)


def check(file: str) -> list[tuple[str, str, str]]:
    found = json.loads(twinkeel("check", "-f", file, "--format", "json").stdout)["diagnostics"]
    return [(item["code"], item["message"], item["hint"]) for item in found]


def test_the_fetch_says_what_it_read(fetched: str) -> None:
    assert TAG not in RELEASES
    assert fetched.splitlines()[1] == (
        "installs Kubernetes 1.35.0 to 1.35.12, 1.36.0 to 1.36.9, 1.37.0 to 1.37.2, 1.37.2 by default (amd64, arm64);"
        " removed variables: gone_long_ago, gone_lately"
    )


def test_check_goes_by_the_release_s_own_files(tmp_path: Path) -> None:
    assert check(spec(tmp_path, "1.37.2")) == []
    assert check(spec(tmp_path, "1.35.12")) == []
    installs = "v2.33.0 installs 1.35.0 to 1.35.12, 1.36.0 to 1.36.9, 1.37.0 to 1.37.2"
    assert check(spec(tmp_path, "1.33.11")) == [("S077", "Kubespray v2.33.0 cannot install Kubernetes 1.33.11", installs)]
    assert check(spec(tmp_path, "1.37.3")) == [("S077", "Kubespray v2.33.0 cannot install Kubernetes 1.37.3", installs)]
    assert [code for code, *_ in check(spec(tmp_path, "1.37.0", ", variables: {gone_lately: 1, a: '[1]'}"))] == ["S095", "S093"]
    # Another one that nobody fetched.
    unknown = check(spec(tmp_path, "1.37.2", tag="v2.34.0"))
    assert [(code, "twinkeel kubespray fetch" in hint) for code, _, hint in unknown] == [("S078", True)]


def test_it_is_rendered_and_run(tmp_path: Path) -> None:
    file = spec(tmp_path, "1.37.1")
    ended = twinkeel("render", "-f", file, "-o", str(tmp_path / "out"))
    assert ended.returncode == 0, ended.stderr
    assert 'kube_version: "v1.37.1"' in (tmp_path / "out/kubespray/group_vars/k8s_cluster/k8s-cluster.yml").read_text()
    shown = twinkeel("kubespray", "scale", "worker-2", "-f", file, "--dry-run")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert f"{TAG}/checkout/playbooks/facts.yml" in shown.stdout
    upgrade = twinkeel("kubespray", "upgrade", "-f", file, "--dry-run")
    assert '"kube_version": "v1.37.1"' in upgrade.stdout
    refused = twinkeel("kubespray", "run", "-f", spec(tmp_path, "1.37.1", ", variables: {gone_lately: 1}"))
    assert refused.returncode == 2
    assert "has removed `gone_lately`" in refused.stderr
