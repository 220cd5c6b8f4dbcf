"""Images put together from files, and the layout that they lie in."""

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from twinkeel.errors import ToolError
from twinkeel.mirror.assemble import Root, assemble
from twinkeel.mirror.image_layout import NAME, OCI_INDEX, ImageLayout


@pytest.fixture
def layout(tmp_path: Path) -> ImageLayout:
    made = ImageLayout(tmp_path / "images")
    made.prepare()
    return made


def a_root(tmp_path: Path) -> Root:
    tree = tmp_path / "tree"
    (tree / "usr/lib").mkdir(parents=True, exist_ok=True)
    (tree / "usr/lib/libc.so.6").write_text("library")
    (tree / "usr/lib/libc.so").unlink(missing_ok=True)
    (tree / "usr/lib/libc.so").symlink_to("libc.so.6")
    program = tmp_path / "program"
    program.write_text("program")
    program.chmod(0o600)
    return Root({"usr/local/bin/program": program}, (tree,), {"bin/sh": "/bin/busybox"})


def test_an_image_holds_files_trees_and_links(layout: ImageLayout, tmp_path: Path) -> None:
    digest = assemble(layout, a_root(tmp_path), ["/usr/local/bin/program"], "amd64")
    manifest = layout.manifest(digest)
    packed = layout.path(manifest["layers"][0]["digest"]).read_bytes()
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(packed))) as archive:
        members = {member.name: member for member in archive.getmembers()}
        assert len(members) == len(archive.getmembers())
        assert archive.extractfile("usr/local/bin/program").read() == b"program"  # type: ignore[union-attr]
    assert members["usr/local/bin/program"].mode == 0o755
    assert members["usr/lib/libc.so"].linkname == "libc.so.6"
    assert members["bin/sh"].linkname == "/bin/busybox"
    assert members["tmp"].mode == 0o1777
    assert all(member.uid == 0 and member.mtime == 0 for member in members.values())


def test_an_images_configuration_fits_its_layer(layout: ImageLayout, tmp_path: Path) -> None:
    manifest = layout.manifest(assemble(layout, a_root(tmp_path), ["/usr/local/bin/program"], "arm64"))
    config = json.loads(layout.path(manifest["config"]["digest"]).read_bytes())
    packed = layout.path(manifest["layers"][0]["digest"]).read_bytes()
    assert config["rootfs"]["diff_ids"] == ["sha256:" + hashlib.sha256(gzip.decompress(packed)).hexdigest()]
    assert manifest["layers"][0]["size"] == len(packed)
    assert (config["architecture"], config["config"]["Entrypoint"]) == ("arm64", ["/usr/local/bin/program"])


def test_the_same_files_give_the_same_image(layout: ImageLayout, tmp_path: Path) -> None:
    first = assemble(layout, a_root(tmp_path), ["/usr/local/bin/program"], "amd64")
    assert assemble(layout, a_root(tmp_path), ["/usr/local/bin/program"], "amd64") == first


def test_a_blob_that_is_not_what_its_name_says_is_refused_and_not_kept(layout: ImageLayout) -> None:
    with pytest.raises(ToolError, match="not what its name says"):
        layout.add_stream(io.BytesIO(b"other"), "sha256:" + "0" * 64)
    assert list((layout.folder / "blobs" / "sha256").iterdir()) == []


def test_a_folder_of_skopeo_keeps_its_digests(layout: ImageLayout, tmp_path: Path) -> None:
    folder = tmp_path / "image"
    folder.mkdir()
    blob = hashlib.sha256(b"config").hexdigest()
    (folder / blob).write_bytes(b"config")
    (folder / "version").write_text("Directory Transport Version: 1.1\n")
    text = json.dumps({"config": {"digest": f"sha256:{blob}", "size": 6}, "layers": []})
    (folder / "manifest.json").write_text(text)
    digest = layout.take_folder(folder)
    assert digest == "sha256:" + hashlib.sha256(text.encode()).hexdigest()
    assert layout.parts(digest) == ((f"sha256:{blob}", 6),)
    assert layout.has(f"sha256:{blob}")


def test_parts_of_an_index_are_those_that_are_here(layout: ImageLayout) -> None:
    config = layout.add(b"{}")
    own = layout.add(json.dumps({"config": {"digest": config, "size": 2}}).encode())
    other = "sha256:" + "1" * 64
    index = layout.add(json.dumps({"manifests": [{"digest": own, "size": 90}, {"digest": other, "size": 5}]}).encode())
    assert layout.parts(index) == ((own, 90), (config, 2))
    assert layout.media_type(index) == OCI_INDEX


def test_names_are_in_the_index_and_unused_blobs_go(layout: ImageLayout, tmp_path: Path) -> None:
    digest = assemble(layout, a_root(tmp_path), ["/bin/sh"], "amd64")
    unused = layout.add(b"unused")
    (layout.folder / "blobs/sha256/.part-x").write_text("left by a run that was interrupted")
    layout.set_names({"quay.io/x:1": digest})
    layout.remove_unused(frozenset({digest, *(part for part, _ in layout.parts(digest))}))
    index = json.loads((layout.folder / "index.json").read_text())
    assert [(entry["digest"], entry["annotations"][NAME]) for entry in index["manifests"]] == [(digest, "quay.io/x:1")]
    assert not layout.has(unused)
    assert len(list((layout.folder / "blobs" / "sha256").iterdir())) == 3
