"""A source package of format 3.0 (quilt), unpacked with tar alone."""

import io
import tarfile
from pathlib import Path

import pytest

from twinkeel.debian.source_package import unpack_source
from twinkeel.errors import ToolError


def archive(path: Path, mode: str, files: dict[str, str]) -> None:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))


@pytest.fixture
def description(tmp_path: Path) -> Path:
    archive(tmp_path / "tool_1.2+really1.1.orig.tar.gz", "w:gz", {"tool-1.1/cmd/main.go": "package main\n"})
    patches = {
        "debian/patches/series": "# first\nb.patch\n\na.patch -p1\n",
        "debian/patches/a.patch": "A",
        "debian/patches/b.patch": "B",
    }
    archive(tmp_path / "tool_1.2+really1.1-3.debian.tar.xz", "w:xz", {"debian/rules": "x", **patches})
    return tmp_path / "tool_1.2+really1.1-3.dsc"


def test_the_source_and_its_patches_in_their_order(description: Path, tmp_path: Path) -> None:
    patches = unpack_source(description, tmp_path / "out", tmp_path / "log")
    assert (tmp_path / "out/cmd/main.go").read_text() == "package main\n"
    assert [path.read_text() for path in patches] == ["B", "A"]


def test_a_package_without_patches_has_none(description: Path, tmp_path: Path) -> None:
    archive(tmp_path / "tool_1.2+really1.1-3.debian.tar.xz", "w:xz", {"debian/rules": "x"})
    assert unpack_source(description, tmp_path / "out", tmp_path / "log") == []


def test_a_damaged_archive_is_told_with_its_name(description: Path, tmp_path: Path) -> None:
    (tmp_path / "tool_1.2+really1.1-3.debian.tar.xz").write_bytes(b"no archive")
    with pytest.raises(ToolError, match="damaged") as caught:
        unpack_source(description, tmp_path / "out", tmp_path / "log")
    assert caught.value.where.endswith("debian.tar.xz")


def test_a_missing_archive_is_told(description: Path, tmp_path: Path) -> None:
    (tmp_path / "tool_1.2+really1.1.orig.tar.gz").unlink()
    with pytest.raises(ToolError, match="has no tool_1"):
        unpack_source(description, tmp_path / "out", tmp_path / "log")
