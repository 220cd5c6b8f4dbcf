"""What the lab asks of the machine: root, programs, space, a lock; and its one changed setting."""

import subprocess
import sys
from pathlib import Path

import pytest

from twinkeel.errors import LabError, ToolError, UsageError
from twinkeel.lab import folders, inotify_limits, manifest, mmdebstrap, requirements, state
from twinkeel.lab.manifest import Manifest
from twinkeel.lab.model import LabPaths
from twinkeel.lab.spec_copy import spec_for_lab


def test_without_root_the_answer_is_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert requirements.missing() == ["a lab needs root (run with sudo)"]
    with pytest.raises(UsageError) as caught:
        requirements.require()
    assert (caught.value.exit_code, caught.value.hint) == (2, "run with sudo")


def test_a_missing_program_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("shutil.which", lambda name: None if name == "systemd-nspawn" else f"/usr/bin/{name}")
    with pytest.raises(ToolError, match=r"systemd-nspawn is not installed \(Debian package systemd-container\)") as caught:
        requirements.require()
    assert caught.value.hint == "apt-get install systemd-container"


@pytest.mark.parametrize(
    ("code", "stderr", "said"),
    [
        (11, "", "this kernel has no veth interfaces (module veth)"),
        (14, "", "this kernel has no overlay file system (module overlay)"),
        (
            1,
            "unshare: unshare failed: Operation not permitted\n",
            "forbids namespaces (unshare: unshare failed: Operation",
        ),
    ],
)
def test_what_the_kernel_refuses_is_named(monkeypatch: pytest.MonkeyPatch, code: int, stderr: str, said: str) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(mmdebstrap, "reported_version", lambda: "mmdebstrap 1.3.5")
    monkeypatch.setattr("subprocess.run", lambda *_, **__: subprocess.CompletedProcess([], code, "", stderr))
    with pytest.raises(LabError) as caught:
        requirements.require()
    assert said in caught.value.what


def test_a_full_disk_is_told_with_figures(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"the disk is nearly full: the lab needs 1073741824\.0 GiB"):
        folders.require_space(tmp_path / "not/yet/there", folders.GIB << 30, "the lab")
    folders.require_space(tmp_path, 1, "the lab")


def test_a_folder_with_a_mount_in_it_is_not_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "precious").mkdir()
    monkeypatch.setattr(folders, "_mountpoints", lambda: [tmp_path / "precious"])
    with pytest.raises(LabError, match="mounted inside") as caught:
        folders.remove_tree(tmp_path)
    assert caught.value.where == str(tmp_path / "precious")
    assert (tmp_path / "precious").is_dir()


def test_mountpoints_with_blanks_are_understood() -> None:
    assert Path("/proc") in folders._mountpoints()


def test_a_second_command_waits_for_the_first_and_then_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "LABS", tmp_path)
    monkeypatch.setattr(state, "LOCK_DEADLINE", 0.05)
    with state.locked("one"):
        with state.locked("two"):
            pass
        with pytest.raises(LabError, match="another command is at work on the lab one"), state.locked("one"):
            pass
    with state.locked("one"):
        pass


def test_the_limit_of_watches_is_raised_and_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit, paths = tmp_path / "limit", [LabPaths(tmp_path / "labs" / name) for name in ("one", "two")]
    monkeypatch.setattr(inotify_limits, "LIMIT", limit)
    monkeypatch.setattr(state, "LABS", tmp_path / "labs")
    limit.write_text("128\n")
    for one in paths:
        one.root.mkdir(parents=True)
        manifest.write(one.manifest, Manifest(one.root.name, "abcdef", "boot"))
        inotify_limits.raise_limit(one)
    assert limit.read_text() == "4096"
    inotify_limits.restore_limit(paths[0])
    assert limit.read_text() == "4096", "the other lab still needs it"
    folders.remove_tree(paths[0].root)
    inotify_limits.restore_limit(paths[1])
    assert limit.read_text() == "128"


def test_a_limit_that_somebody_changed_since_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit, paths = tmp_path / "limit", LabPaths(tmp_path / "labs/one")
    monkeypatch.setattr(inotify_limits, "LIMIT", limit)
    monkeypatch.setattr(state, "LABS", tmp_path / "labs")
    limit.write_text("128")
    paths.root.mkdir(parents=True)
    manifest.write(paths.manifest, Manifest("one", "abcdef", "boot"))
    inotify_limits.raise_limit(paths)
    limit.write_text("9999")
    inotify_limits.restore_limit(paths)
    assert limit.read_text() == "9999"


def test_the_specs_copy_has_the_labs_key_and_power_and_keeps_comments(tmp_path: Path) -> None:
    text = spec_for_lab("name: x  # why\nssh: {user: root}\npower: {off: a, on: b}\n", LabPaths(tmp_path / "labs" / "x"))
    assert "# why" in text
    assert f"identity_file: {tmp_path}/labs/x/ssh/id_ed25519" in text
    program = Path(sys.executable).parent / "twinkeel"
    assert f"off: {program} lab power-off --name x {{host}}" in text.replace("'", "").replace('"', "")


def test_an_unknown_lab_is_a_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "LABS", tmp_path)
    with pytest.raises(UsageError, match="there is no lab called x"):
        state.load_layout(state.paths_of("x"))
