"""A mirror's manifest: written whole, read back, refused when it is none."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from twinkeel.errors import ToolError, UsageError
from twinkeel.mirror.manifest import Manifest, file_path, load, save


def test_it_is_read_as_it_was_written(small_mirror: tuple[Path, Manifest]) -> None:
    folder, manifest = small_mirror
    changed = replace(manifest, variables={"required_pkgs": ["conntrack"]}, missing=("file helm: why",))
    save(folder, changed)
    assert load(folder) == changed


def test_a_newer_entry_takes_an_older_ones_place(small_mirror: tuple[Path, Manifest]) -> None:
    manifest = small_mirror[1]
    newer = replace(manifest.files[0], sha256="00")
    assert manifest.with_file(newer).files == (newer,)


def test_a_folder_without_a_mirror_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no mirror"):
        load(tmp_path)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 1}', '{"format": 1, "files": [{}], "images": [], "packages": []}'])
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ToolError, match="cannot be read"):
        load(tmp_path)


def test_a_manifest_of_another_format_is_refused(small_mirror: tuple[Path, Manifest]) -> None:
    path = small_mirror[0] / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 99}))
    with pytest.raises(ToolError, match="format 99"):
        load(small_mirror[0])


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://dl.k8s.io/release/v1/kubelet", "files/dl.k8s.io/release/v1/kubelet"),
        ("https://example.com:8443/a//b?x=1", "files/example.com:8443/a/b"),
        ("https://example.com/../../etc/passwd", "files/example.com/etc/passwd"),
    ],
)
def test_a_file_lies_at_the_path_of_its_address_and_never_outside(url: str, path: str) -> None:
    assert file_path(url) == path
