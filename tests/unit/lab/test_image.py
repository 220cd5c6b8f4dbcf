"""The image's cache: an interrupted build never counts, and two builds do not collide."""

import shlex
import subprocess
import time
from pathlib import Path

import pytest

from twinkeel.debian.flat_repository import index_stanza
from twinkeel.debian.suites import Suite
from twinkeel.errors import ToolError
from twinkeel.lab import image, mmdebstrap

SUITE = Suite("bookworm", "Debian 12")


def silent(_text: str, _fraction: float) -> None:
    return


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every folder that was built; a build makes one file."""
    made: list[Path] = []

    def build(partial: Path, _suite: Suite, _lock: int, _progress: image.Progress, *, bare: bool) -> None:
        partial.mkdir()
        (partial / "file").touch()
        made.append(partial)

    monkeypatch.setattr(image, "_build", build)
    monkeypatch.setattr(image, "BUILD_SPACE", 1)
    return made


def test_an_image_is_built_once(tmp_path: Path, builds: list[Path]) -> None:
    first = image.ensure_image(silent, SUITE, tmp_path)
    assert (first / "file").exists()
    assert image.ensure_image(silent, SUITE, tmp_path) == first
    assert len(builds) == 1


def test_remains_of_a_killed_build_are_removed(tmp_path: Path, builds: list[Path]) -> None:
    old = image.image_path(SUITE.name, tmp_path).with_suffix(".partial")
    (old / "half").mkdir(parents=True)
    final = image.ensure_image(silent, SUITE, tmp_path)
    assert not (final / "half").exists()
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == [final.name]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ToolError("mmdebstrap ended with 1")])
def test_a_failed_build_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def build(partial: Path, _suite: Suite, _lock: int, _progress: image.Progress, *, bare: bool) -> None:
        partial.mkdir()
        raise error

    monkeypatch.setattr(image, "_build", build)
    monkeypatch.setattr(image, "BUILD_SPACE", 1)
    with pytest.raises(type(error)):
        image.ensure_image(silent, SUITE, tmp_path)
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


def test_another_recipe_is_another_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = image.image_path(SUITE.name, tmp_path)
    monkeypatch.setattr(image, "PACKAGES", (*image.PACKAGES, "haproxy"))
    assert image.image_path(SUITE.name, tmp_path) != before


def test_bare_hosts_have_an_image_of_their_own(tmp_path: Path, builds: list[Path]) -> None:
    assert image.ensure_image(silent, SUITE, tmp_path, bare=True) != image.ensure_image(silent, SUITE, tmp_path)
    assert len(builds) == 2
    assert "containerd" not in image.BARE_PACKAGES


def test_the_lists_of_a_bare_image_are_old(tmp_path: Path) -> None:
    lists = tmp_path / "var/lib/apt/lists"
    lists.mkdir(parents=True)
    image.age_lists(tmp_path)
    assert time.time() - lists.stat().st_mtime > 3600


def test_mmdebstraps_own_error_is_told(tmp_path: Path) -> None:
    argv = ["sh", "-c", "cat >/dev/null; echo 'I: running apt-get update...' >&2; echo 'E: no such suite' >&2; exit 25"]
    seen: list[str] = []
    with open(tmp_path / "lock", "w") as lock, pytest.raises(ToolError, match="ended with 25: E: no such suite"):
        mmdebstrap.run(argv, "sources", lock.fileno(), lambda text, _: seen.append(text))
    assert "running apt-get update" in seen


def test_the_repositorys_index_names_size_and_checksum(tmp_path: Path) -> None:
    package = tmp_path / "package"
    (package / "DEBIAN").mkdir(parents=True)
    (package / "DEBIAN/control").write_text(
        "Package: tried\nVersion: 1.0\nArchitecture: all\nMaintainer: A <a@example.test>\nDescription: x\n"
    )
    deb = tmp_path / "tried_1.0_all.deb"
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", str(package), str(deb)], check=True, capture_output=True)
    stanza = index_stanza(deb)
    digest = subprocess.run(["sha256sum", str(deb)], check=True, capture_output=True, text=True).stdout.split()[0]
    lines = stanza.splitlines()
    assert lines[0] == "Package: tried"
    assert lines[-3:] == ["Filename: ./tried_1.0_all.deb", f"Size: {deb.stat().st_size}", f"SHA256: {digest}"]


def test_load_balancers_start_bare() -> None:
    assert not set(image.PACKAGES) & {"haproxy", "keepalived"}
    assert "install haproxy keepalived" in image._download_hook()
    assert subprocess.run(["sh", "-n", "-c", image._download_hook()], check=False).returncode == 0, shlex.quote(
        image._download_hook()
    )
