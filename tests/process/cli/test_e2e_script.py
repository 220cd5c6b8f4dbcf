"""scripts/e2e where it cannot run, and the parts of it that must see what went wrong."""

import argparse
import importlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from ruamel.yaml import YAML

from twinkeel.drill.history import EVENTS_FILE, MILLISECOND, REQUESTS_FILE, End, Probe, Request, encode

ROOT = Path(__file__).parents[3]


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The modules of scripts/e2e_steps, imported as its main program imports them."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts/e2e_steps"))
    modules: dict[str, ModuleType] = {name: importlib.import_module(name) for name in ("run", "cluster", "faults")}
    return SimpleNamespace(**modules)


def recorded(folder: Path, *errors: str, ended: bool = True) -> Path:
    """A client's history of one request for each error; empty: it was answered."""
    records = [Probe(200 * MILLISECOND, 100 * MILLISECOND, 1000 * MILLISECOND)]
    records += [Request("new", at, at + 5 * MILLISECOND, 0, error) for at, error in enumerate(errors)]
    records += [End(len(errors), 10**9)] if ended else []
    (folder / REQUESTS_FILE).write_text("".join(encode(record) for record in records))
    (folder / EVENTS_FILE).touch()
    return folder


@pytest.mark.parametrize(
    ("words", "tag"), [((), "v2.32.0"), (("--tag", "v2.16.0"), "v2.16.0"), (("--small", "--tag=v2.31.0"), "v2.31.0")]
)
def test_without_a_fetched_release_it_says_so_and_touches_nothing(tmp_path: Path, words: tuple[str, ...], tag: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "KUBESPRAY_DIR"}
    for folder in (None, tmp_path):
        given = environment if folder is None else {**environment, "KUBESPRAY_DIR": str(folder)}
        argv = [ROOT / "scripts/e2e", *words]
        ended = subprocess.run(argv, env=given, capture_output=True, text=True, timeout=60, check=False)
        assert (ended.returncode, ended.stdout) == (3, "")
        assert f"KUBESPRAY_DIR does not name a folder with Kubespray {tag}: nothing was run" in ended.stderr


def test_without_a_mirror_and_programs_it_says_so_and_touches_nothing(tmp_path: Path) -> None:
    argv = [sys.executable, ROOT / "scripts/e2e_steps/main.py", "--mirror", tmp_path / "mirror"]
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert "there is no mirror for Kubespray v2.32.0: nothing was run" in ended.stderr
    assert not (tmp_path / "mirror").exists()


def test_the_fallback_is_marked_in_every_line_and_a_current_release_in_none(tmp_path: Path, steps: SimpleNamespace) -> None:
    for tag, marked in (("v2.16.0", True), ("v2.32.0", False)):
        run = steps.run.Run(argparse.Namespace(tag=tag, small=True, mirror=tmp_path), tmp_path)
        with run.step("a workload answers"):
            pass
        assert ("[Kubernetes 1.20.2, fallback, out of support]" in run.table()) is marked


def test_the_spec_asks_for_what_the_mirror_holds(tmp_path: Path, steps: SimpleNamespace) -> None:
    (tmp_path / "manifest.json").write_text('{"kube_version": "v1.36.2"}')
    for small in (True, False):
        run = steps.run.Run(argparse.Namespace(tag="v2.33.0", small=small, mirror=tmp_path), tmp_path)
        asked = YAML(typ="safe").load(run.write_spec().read_text())["kubernetes"]
        assert asked == {"version": "1.36.2", "kubespray": "v2.33.0", "network_plugin": "cni"}


def test_a_client_that_was_always_answered_is_told_with_its_figures(tmp_path: Path, steps: SimpleNamespace) -> None:
    assert steps.run.verdict_of(recorded(tmp_path, "", "")) == "2 requests, 0 failed, slowest 5 ms"


def test_one_failed_request_fails_the_step_and_is_named(tmp_path: Path, steps: SimpleNamespace) -> None:
    with pytest.raises(steps.run.StepError, match="3 requests, 1 failed, slowest 5 ms; reset"):
        steps.run.verdict_of(recorded(tmp_path, "", "reset", ""))


def test_a_client_that_died_or_asked_nothing_proves_nothing(tmp_path: Path, steps: SimpleNamespace) -> None:
    with pytest.raises(steps.run.StepError, match="the client stopped before it was asked to"):
        steps.run.verdict_of(recorded(tmp_path, "", ended=False))
    with pytest.raises(steps.run.StepError, match="0 requests"):
        steps.run.verdict_of(recorded(tmp_path))


def test_a_fault_comes_once_a_new_log_holds_its_line(tmp_path: Path, steps: SimpleNamespace) -> None:
    logs = tmp_path / "data/twinkeel/clusters/e2e/logs"
    logs.mkdir(parents=True)
    (logs / "old").write_text("TASK download")
    came = threading.Event()
    with steps.faults.struck(SimpleNamespace(folder=tmp_path), "TASK download", came.set):
        assert not came.wait(0.7), "an earlier run's log must not count"
        (logs / "new").write_text("TASK download")
        assert came.wait(10)


def test_a_fault_that_never_came_fails_the_step(tmp_path: Path, steps: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps.faults, "STRIKE_DEADLINE", 0.0)
    with (
        pytest.raises(steps.run.StepError, match="the fault did not come"),
        steps.faults.struck(SimpleNamespace(folder=tmp_path), "TASK download", lambda: None),
    ):
        pass


def test_the_workload_and_the_settings_that_are_compared(steps: SimpleNamespace) -> None:
    documents = list(YAML(typ="safe").load_all(steps.cluster.WORKLOAD.format(registry="192.0.2.1:8481", node_port=30080)))
    assert [document["kind"] for document in documents] == ["Deployment", "Service"]
    settings = steps.cluster.global_settings()
    assert settings["vm/overcommit_memory"] == Path("/proc/sys/vm/overcommit_memory").read_text().strip()
