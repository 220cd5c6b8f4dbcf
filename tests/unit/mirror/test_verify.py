"""A mirror is what its manifest says, or every difference is named."""

from dataclasses import replace
from pathlib import Path

from twinkeel.mirror.image_layout import ImageLayout
from twinkeel.mirror.manifest import Manifest
from twinkeel.mirror.verify import verify

Mirror = tuple[Path, Manifest]


def silent(step: str, fraction: float) -> None:
    pass


def test_a_whole_mirror_is_good(small_mirror: Mirror) -> None:
    assert verify(*small_mirror, silent) == ()


def test_a_file_that_is_gone(small_mirror: Mirror) -> None:
    (small_mirror[0] / "files/dl.k8s.io/kubelet").unlink()
    assert verify(*small_mirror, silent) == (("missing", "files/dl.k8s.io/kubelet"),)


def test_a_file_of_another_size_and_one_of_the_same_size(small_mirror: Mirror) -> None:
    path = small_mirror[0] / "files/dl.k8s.io/kubelet"
    path.write_bytes(b"KUBELET\n" * 1000)
    assert verify(*small_mirror, silent) == (("changed", "files/dl.k8s.io/kubelet: another checksum"),)
    path.write_bytes(b"kube")
    assert verify(*small_mirror, silent) == (("changed", "files/dl.k8s.io/kubelet: 4 bytes, not 8000"),)


def test_a_package_that_changed_and_an_index_that_is_gone(small_mirror: Mirror) -> None:
    (small_mirror[0] / "apt/curl.deb").write_bytes(b"CURL")
    (small_mirror[0] / "apt/Packages").unlink()
    assert verify(*small_mirror, silent) == (("changed", "apt/curl.deb: another checksum"), ("missing", "apt/Packages"))


def test_a_layer_that_is_gone_or_broken_names_its_image_alone(small_mirror: Mirror) -> None:
    folder, manifest = small_mirror
    layout = ImageLayout(folder / "images")
    image = manifest.images[1]
    layer = layout.manifest(image.digest)["layers"][0]["digest"]
    layout.path(layer).write_bytes(b"broken")
    assert verify(folder, manifest, silent) == (("changed", f"image {image.name}: blob {layer}"),)
    layout.path(layer).unlink()
    assert verify(folder, manifest, silent) == (("missing", f"image {image.name}: blob {layer}"),)


def test_an_image_whose_manifest_is_gone_or_broken(small_mirror: Mirror) -> None:
    folder, manifest = small_mirror
    layout, image = ImageLayout(folder / "images"), manifest.images[0]
    good = layout.path(image.digest).read_bytes()
    layout.path(image.digest).write_bytes(good.replace(b"amd", b"arm") + b" ")
    assert ("changed", f"image {image.name}: manifest {image.digest}") in verify(folder, manifest, silent)
    layout.path(image.digest).unlink()
    assert ("missing", f"image {image.name}: manifest {image.digest}") in verify(folder, manifest, silent)


def test_what_is_too_much_is_named(small_mirror: Mirror) -> None:
    folder, manifest = small_mirror
    extra = ["files/dl.k8s.io/other", "apt/other.deb", "images/blobs/sha256/" + "0" * 64]
    for name in extra:
        (folder / name).write_text("other")
    assert verify(folder, manifest, silent) == tuple(("extra", name) for name in [extra[0], extra[2], extra[1]])


def test_what_the_build_could_not_get_stays_missing(small_mirror: Mirror) -> None:
    folder, manifest = small_mirror
    assert verify(folder, replace(manifest, missing=("file helm: no",)), silent) == (("missing", "file helm: no"),)
