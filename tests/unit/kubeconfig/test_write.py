"""Writing a kubeconfig: private, with a backup, never over somebody else's file."""

import stat
from pathlib import Path

import pytest

from twinkeel.errors import UsageError
from twinkeel.kubeconfig.write import Written, write_kubeconfig


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_is_private_and_so_is_its_folder(tmp_path: Path) -> None:
    path = tmp_path / ".kube" / "config.yaml"
    assert write_kubeconfig(path, "lab", "kind: Config\n") is Written.new
    assert path.read_text().endswith("\nkind: Config\n")
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)
    assert [entry.name for entry in path.parent.iterdir()] == ["config.yaml"]


def test_our_own_file_is_replaced_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    write_kubeconfig(path, "lab", "old\n")
    path.chmod(0o644)
    assert write_kubeconfig(path, "lab", "old\n") is Written.unchanged
    assert mode(path) == 0o600
    assert write_kubeconfig(path, "lab", "new\n") is Written.replaced
    assert path.read_text().endswith("new\n")
    backup = tmp_path / "config.yaml.bak"
    assert backup.read_text().endswith("old\n")
    assert (mode(path), mode(backup)) == (0o600, 0o600)


def test_another_file_stays_without_force(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("mine\n")
    with pytest.raises(UsageError, match="did not write") as caught:
        write_kubeconfig(path, "lab", "new\n")
    assert "--force" in caught.value.hint
    assert path.read_text() == "mine\n"
    assert write_kubeconfig(path, "lab", "new\n", force=True) is Written.replaced
    assert (tmp_path / "config.bak").read_text() == "mine\n"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real" / "config")
    write_kubeconfig(link, "lab", "new\n")
    assert link.is_symlink()
    assert (tmp_path / "real" / "config").read_text().endswith("new\n")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        write_kubeconfig(tmp_path, "lab", "new\n")


def test_a_disk_that_refuses_leaves_the_old_file_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config.yaml"
    write_kubeconfig(path, "lab", "old\n")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_kubeconfig(path, "lab", "new\n")
    assert path.read_text().endswith("old\n")
    assert [entry.name for entry in tmp_path.iterdir()] == ["config.yaml"]
