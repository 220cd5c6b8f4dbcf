"""What a lab wrote down, and what is removed by it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from twinkeel.errors import LabError
from twinkeel.lab import manifest, processes
from twinkeel.lab.cleanup import remove_lab
from twinkeel.lab.manifest import Entry, Manifest
from twinkeel.lab.model import LabPaths

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def paths(tmp_path: Path) -> LabPaths:
    folder = tmp_path / "lab"
    folder.mkdir()
    return LabPaths(folder)


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([*SLEEPER, f"tag-{os.getpid()}"]) as child:
        yield child
        child.kill()


def entry_of(child: subprocess.Popen[bytes]) -> Entry:
    return Entry("process", f"no-such-argument-{child.pid}", child.pid, processes.start_time(child.pid) or 0)


def write(paths: LabPaths, *entries: Entry, boot_id: str | None = None) -> None:
    manifest.write(paths.manifest, Manifest("lab", "abcdef", boot_id or processes.boot_id(), "up", entries))


def test_what_is_written_is_read_back(paths: LabPaths) -> None:
    write(paths, Entry("namespace", "tk-abcdef"), Entry("process", "/x/supervise", 12, 34))
    found = manifest.read(paths.manifest)
    assert found == Manifest(
        "lab", "abcdef", processes.boot_id(), "up", (Entry("namespace", "tk-abcdef"), Entry("process", "/x/supervise", 12, 34))
    )
    assert paths.manifest.stat().st_mode & 0o777 == 0o600


def test_a_pid_completes_the_entry_that_was_written_ahead(paths: LabPaths) -> None:
    write(paths, Entry("process", "/x/supervise"), Entry("namespace", "tk-abcdef"))
    manifest.record(paths.manifest, Entry("process", "/x/supervise", 12, 34))
    found = manifest.read(paths.manifest)
    assert found is not None
    assert found.entries == (Entry("namespace", "tk-abcdef"), Entry("process", "/x/supervise", 12, 34))


def test_a_broken_manifest_says_where_it_is(paths: LabPaths) -> None:
    paths.manifest.write_text('{"lab": ')
    with pytest.raises(LabError, match="manifest cannot be read") as caught:
        manifest.read(paths.manifest)
    assert caught.value.where == str(paths.manifest)


def test_nothing_is_written_for_a_lab_that_is_gone(paths: LabPaths) -> None:
    with pytest.raises(LabError, match="manifest is gone"):
        manifest.record(paths.manifest, Entry("namespace", "tk-abcdef"))


def test_removal_ends_a_listed_process_and_removes_the_folder(paths: LabPaths, sleeper: subprocess.Popen[bytes]) -> None:
    write(paths, entry_of(sleeper))
    assert remove_lab(paths)
    assert sleeper.wait(60) == -9
    assert not paths.root.exists()


def test_removal_finds_a_process_whose_pid_was_never_written(paths: LabPaths, sleeper: subprocess.Popen[bytes]) -> None:
    write(paths, Entry("process", f"tag-{os.getpid()}"))
    remove_lab(paths)
    assert sleeper.wait(60) == -9


def test_a_pid_that_now_is_somebody_elses_is_left_alone(paths: LabPaths, sleeper: subprocess.Popen[bytes]) -> None:
    entry = entry_of(sleeper)
    write(paths, Entry("process", entry.name, entry.pid, entry.started - 1))
    remove_lab(paths)
    assert sleeper.poll() is None


def test_after_a_reboot_only_files_are_removed(paths: LabPaths, sleeper: subprocess.Popen[bytes]) -> None:
    write(paths, entry_of(sleeper), boot_id="another")
    assert remove_lab(paths)
    assert sleeper.poll() is None
    assert not paths.root.exists()


def test_removing_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    assert not remove_lab(LabPaths(tmp_path / "none"))
