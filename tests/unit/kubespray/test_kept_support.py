"""What was read of a fetched release is kept, found again by the tag, and read anew when it is of another format or commit."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

import made_up_release as made_up
from twinkeel.errors import ToolError
from twinkeel.kubespray.find_support import find_support
from twinkeel.kubespray.folders import MARK
from twinkeel.kubespray.kept_support import FORMAT, KEPT, keep_support, support_of
from twinkeel.kubespray.release import Release
from twinkeel.spec.kubespray_releases import table_support


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Release:
    """As a fetch of an older Twinkeel left it: without what is kept now."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    found = Release("v2.33.0", tmp_path / "twinkeel/kubespray/v2.33.0")
    made_up.write(found.checkout, made_up.newest_release())
    (found.folder / MARK).write_text(json.dumps({"tag": found.tag, "commit": "1" * 40}))
    return found


def test_an_old_fetch_is_read_on_first_use_and_only_then(release: Release) -> None:
    first = find_support("v2.33.0")
    assert (first.default, first.read) == ("1.37.2", True)
    (release.checkout / "playbooks/ansible_version.yml").unlink()
    (release.checkout / "roles/kubespray_defaults/vars/main/checksums.yml").unlink()
    assert find_support("v2.33.0") == first
    assert [path.name for path in release.folder.iterdir() if "part" in path.name] == []


def test_what_is_kept_says_its_format(release: Release) -> None:
    keep_support(release, "1" * 40)
    kept = json.loads((release.folder / KEPT).read_text())
    assert (kept["format"], kept["commit"]) == (FORMAT, "1" * 40)
    assert kept["support"]["versions"]["arm64"][:2] == ["1.37.2", "1.37.1"]
    assert kept["support"]["ansible"] == {"least": "2.20.0", "below": "2.21.0"}


@pytest.mark.parametrize(
    "change",
    [
        {"format": FORMAT + 1},
        {"commit": "2" * 40},
        {"support": {"tag": "v2.33.0"}},
        {"support": {"default": 1}},
        {"support": None},
    ],
)
def test_another_format_or_commit_is_read_anew(release: Release, change: dict[str, object]) -> None:
    right = keep_support(release, "1" * 40)
    path = release.folder / KEPT
    kept = json.loads(path.read_text())
    kept["support"]["default"] = "1.0.0"
    path.write_text(json.dumps(kept))
    assert support_of(release) == replace(right, default="1.0.0")
    path.write_text(json.dumps({**kept, **change}))
    assert support_of(release) == right
    assert json.loads(path.read_text())["support"]["default"] == "1.37.2"


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "\udc80"])
def test_a_broken_file_is_written_anew(release: Release, text: str) -> None:
    (release.folder / KEPT).write_bytes(text.encode(errors="surrogateescape"))
    assert support_of(release).default == "1.37.2"
    assert json.loads((release.folder / KEPT).read_text())["format"] == FORMAT


def test_where_nothing_can_be_written_it_is_read_each_time(release: Release) -> None:
    (release.folder / KEPT).mkdir()
    assert find_support("v2.33.0").default == find_support("v2.33.0").default == "1.37.2"
    assert sorted(path.name for path in release.folder.iterdir()) == ["checkout", MARK, KEPT]


@pytest.mark.parametrize("text", ["{", "null", "3"])
def test_what_is_not_complete_does_not_count(release: Release, text: str) -> None:
    keep_support(release, "1" * 40)
    (release.folder / MARK).write_text(text)
    assert find_support("v2.33.0") == table_support("v2.33.0")
    (release.folder / MARK).unlink()
    assert find_support("v2.33.0") == table_support("v2.33.0")
    with pytest.raises(ToolError, match="not complete"):
        support_of(release)


@pytest.mark.parametrize("tag", ["../v2.33.0", "v2.33.0/../v2.33.0", "", "v2." + "9" * 5000 + ".0", "v2.31.0", "v2.33.0\0"])
def test_other_texts_are_what_the_table_says(release: Release, tag: str) -> None:
    keep_support(release, "1" * 40)
    assert find_support(tag) == table_support(tag)
