"""A lab's beginning and end: whatever happens, nothing is left that the next run stumbles over."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from labs import ROOT, TWINKEEL, Lab, twinkeel

from twinkeel.errors import LabError
from twinkeel.lab import processes
from twinkeel.lab.layout import build_layout, lab_id
from twinkeel.lab.network import NAMESPACES
from twinkeel.lab.state import paths_of
from twinkeel.lab.up import LabBuild, bring_up, chosen_suite
from twinkeel.spec.document import read_source
from twinkeel.spec.load import load
from twinkeel.topology.build import build

NAME = "test-life"
DEADLINE = 600.0


def traces(name: str) -> list[str]:
    """Everything on this machine that a lab of that name has made: namespaces, mounts, processes, control groups, files."""
    tag, folder = lab_id(name), str(paths_of(name).root)
    found = [f"namespace {path}" for path in NAMESPACES.glob(f"tk-{tag}*")]
    found += [f"mount {line}" for line in Path("/proc/self/mountinfo").read_text().splitlines() if folder in line or tag in line]
    found += [f"process {line}" for pid in processes.all_pids() if folder in (line := " ".join(processes.command_line(pid)))]
    found += [f"group {base}" for base, _, _ in os.walk("/sys/fs/cgroup") if f"twinkeel-{tag}" in base]
    return found + [f"folder {folder}"] * paths_of(name).root.exists()


def up(spec: Path) -> list[str]:
    return ["lab", "up", "--name", NAME, "-f", str(spec), "--no-kubernetes"]


def start_and_signal(spec: Path, number: int, once: str) -> int:
    """Start `lab up`, send the signal when its output shows `once`, and return its exit code."""
    with subprocess.Popen([TWINKEEL, *up(spec)], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, cwd=ROOT) as child:
        assert child.stderr is not None
        for line in child.stderr:
            if once in line:
                child.send_signal(number)
        return child.wait(DEADLINE)


@pytest.fixture(autouse=True)
def _nothing_before_and_nothing_after() -> None:
    twinkeel("lab", "down", "--name", NAME)
    assert traces(NAME) == []


def test_down_removes_everything(small_spec: Path) -> None:
    ended = twinkeel(*up(small_spec))
    assert ended.returncode == 0, ended.stderr
    kinds = {trace.split()[0] for trace in traces(NAME)}
    assert {"namespace", "process", "folder"} <= kinds, "a lab that is up leaves traces, or this test sees nothing"
    ended = twinkeel("lab", "down", "--name", NAME)
    assert ended.returncode == 0, ended.stderr
    assert traces(NAME) == []


@pytest.mark.parametrize("once", ["preparing lb-1", "answers (1 of"])
def test_a_lab_killed_halfway_is_removed_by_the_next_up(small_spec: Path, once: str) -> None:
    assert start_and_signal(small_spec, signal.SIGKILL, once) == -signal.SIGKILL
    assert traces(NAME) != []
    ended = twinkeel(*up(small_spec))
    assert ended.returncode == 0, ended.stderr
    assert twinkeel("lab", "exec", "--name", NAME, "lb-1", "--", "true").returncode == 0
    twinkeel("lab", "down", "--name", NAME)
    assert traces(NAME) == []


@pytest.mark.parametrize("once", ["preparing lb-1", "answers (1 of"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_lab_removes_itself(small_spec: Path, number: int, once: str) -> None:
    assert start_and_signal(small_spec, number, once) == 130
    assert traces(NAME) == []


def test_a_killed_lab_is_removed_by_down(small_spec: Path) -> None:
    start_and_signal(small_spec, signal.SIGKILL, "answers (2 of")
    assert twinkeel("lab", "down", "--name", NAME).returncode == 0
    assert traces(NAME) == []


def test_a_second_lab_of_the_same_name_is_refused(small_lab: Lab, small_spec: Path) -> None:
    ended = twinkeel("lab", "up", "--name", small_lab.name, "-f", str(small_spec), "--no-kubernetes")
    assert ended.returncode == 2
    assert "is up already" in ended.stderr
    assert f"twinkeel lab down --name {small_lab.name}" in ended.stderr
    assert small_lab.run("lb-1", ["true"]).returncode == 0, "the lab that was up is left alone"


def test_an_unknown_host_is_refused_with_the_names_there_are(small_lab: Lab) -> None:
    ended = small_lab.run("lb-9", ["true"])
    assert ended.returncode == 2
    assert "lb-1, lb-2, master-1, client, operator" in ended.stderr


def test_a_host_that_cannot_boot_is_named_and_nothing_is_left(
    small_spec: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "systemd-nspawn"
    program.write_text("#!/bin/sh\necho no such luck >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr("twinkeel.lab.host.SYSTEM_PATH", f"{tmp_path}:{os.environ['PATH']}")
    loaded = load(read_source(small_spec))
    assert loaded.spec is not None
    topology = build(loaded.spec, small_spec.parent)
    suite = chosen_suite(None)
    layout = build_layout(topology, NAME, suite.name)
    with pytest.raises(LabError, match=r"^[\w-]+ ended while it booted: no such luck"):
        bring_up(LabBuild(layout, topology, small_spec.read_text(), paths_of(NAME), lambda *_: None, suite))
    assert traces(NAME) == []
