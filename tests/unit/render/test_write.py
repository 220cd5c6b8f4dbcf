"""A folder of rendered files: ours is kept right, anything else in it is never touched."""

import json
from pathlib import Path

import pytest

from twinkeel.errors import ToolError, UsageError
from twinkeel.render.files import RenderedFile, RenderedFiles
from twinkeel.render.write import MANIFEST, Written, write

CONF = RenderedFile("/etc/a/a.conf", "one\n", mode=0o640)
TWO_HOSTS = RenderedFiles({"lb-1": (CONF,), "lb-2": (CONF,)}, (RenderedFile("group_vars/all/all.yml", "x: 1\n"),))
ONE_HOST = RenderedFiles({"lb-1": (CONF,)}, TWO_HOSTS.kubespray)


def test_files_lie_where_the_documentation_says_with_their_modes(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    assert write(TWO_HOSTS, out) == Written(total=3, changed=3, removed=0)
    assert (out / "hosts/lb-2/etc/a/a.conf").read_text() == "one\n"
    assert (out / "hosts/lb-1/etc/a/a.conf").stat().st_mode & 0o777 == 0o640
    assert (out / "kubespray/group_vars/all/all.yml").read_text() == "x: 1\n"


def test_a_second_run_changes_nothing_and_repairs_what_was_changed(tmp_path: Path) -> None:
    write(TWO_HOSTS, tmp_path)
    assert write(TWO_HOSTS, tmp_path) == Written(3, 0, 0)
    (tmp_path / "hosts/lb-1/etc/a/a.conf").write_bytes(b"\xff")
    (tmp_path / "hosts/lb-2/etc/a/a.conf").chmod(0o600)
    assert write(TWO_HOSTS, tmp_path) == Written(3, 2, 0)


def test_a_host_that_left_the_spec_leaves_the_folder_but_its_neighbours_stay(tmp_path: Path) -> None:
    write(TWO_HOSTS, tmp_path)
    (tmp_path / "hosts/lb-1/etc/a/mine.txt").write_text("keep")
    assert write(ONE_HOST, tmp_path) == Written(2, 0, 1)
    assert not (tmp_path / "hosts/lb-2").exists()
    assert (tmp_path / "hosts/lb-1/etc/a/mine.txt").read_text() == "keep"


def test_a_users_file_beside_a_stale_one_stays(tmp_path: Path) -> None:
    write(TWO_HOSTS, tmp_path)
    (tmp_path / "hosts/lb-2/etc/mine.txt").write_text("keep")
    write(ONE_HOST, tmp_path)
    assert [path.name for path in (tmp_path / "hosts/lb-2").rglob("*") if path.is_file()] == ["mine.txt"]


def test_a_folder_of_someone_else_is_refused_unless_forced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="not empty") as caught:
        write(TWO_HOSTS, tmp_path)
    assert "--force" in caught.value.hint
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    write(TWO_HOSTS, tmp_path, force=True)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_file_as_output_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("x")
    with pytest.raises(UsageError, match="a file, not a folder"):
        write(TWO_HOSTS, target)


def test_a_manifest_never_leads_out_of_the_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(TWO_HOSTS, out)
    outside = tmp_path / "outside"
    outside.write_text("x")
    (out / MANIFEST).write_text(json.dumps(["hosts/../../outside", str(outside), "../outside", 7]))
    write(TWO_HOSTS, out)
    assert outside.read_text() == "x"


@pytest.mark.parametrize("content", ["{", "{}", "3"])
def test_a_damaged_manifest_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / MANIFEST).write_text(content)
    with pytest.raises(UsageError, match="damaged") as caught:
        write(TWO_HOSTS, tmp_path)
    assert caught.value.where.endswith(MANIFEST)


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("in the way")
    with pytest.raises(ToolError, match="cannot be written") as caught:
        write(TWO_HOSTS, tmp_path, force=True)
    assert "hosts" in caught.value.where


def test_who_had_an_old_file_open_reads_no_new_password(tmp_path: Path) -> None:
    before = RenderedFile("/etc/a/a.conf", "nothing private\n", mode=0o644)
    write(RenderedFiles({"lb-1": (before,)}, ()), tmp_path)
    path = tmp_path / "hosts/lb-1/etc/a/a.conf"

    with path.open() as somebody:
        write(RenderedFiles({"lb-1": (RenderedFile("/etc/a/a.conf", "auth_pass hunter2\n", mode=0o600),)}, ()), tmp_path)
        assert "hunter2" not in somebody.read()

    assert path.read_text() == "auth_pass hunter2\n"
    assert path.stat().st_mode & 0o777 == 0o600
