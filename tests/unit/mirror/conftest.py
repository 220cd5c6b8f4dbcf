"""A small mirror, put together by hand."""

import hashlib
from pathlib import Path

import pytest

from twinkeel.mirror.assemble import Root, assemble
from twinkeel.mirror.image_layout import ImageLayout
from twinkeel.mirror.manifest import FileEntry, ImageEntry, Manifest, PackageEntry, save

URL = "https://dl.k8s.io/release/v1.35.4/bin/linux/amd64/kubelet"


@pytest.fixture
def small_mirror(tmp_path: Path) -> tuple[Path, Manifest]:
    """One file, one package, two images that share nothing but their name's registry."""
    folder = tmp_path / "mirror"
    content = {"files/dl.k8s.io/kubelet": b"kubelet\n" * 1000, "apt/curl.deb": b"curl", "apt/Packages": b"", "apt/Release": b""}
    for path, data in content.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    layout = ImageLayout(folder / "images")
    layout.prepare()
    images = []
    for name in ("registry.k8s.io/pause:3.10", "quay.io/calico/node:v3.31"):
        program = tmp_path / "program"
        program.write_text(name)
        images.append(ImageEntry(name, assemble(layout, Root({"bin/program": program}), ["/bin/program"], "amd64"), "debian"))
    layout.set_names({image.name: image.digest for image in images})
    names = ("kubelet_download_url", "kubelet_binary_checksum", "sha256:")
    kubelet = FileEntry("kubelet", "files/dl.k8s.io/kubelet", URL, 8000, digest(folder / "files/dl.k8s.io/kubelet"), "x", *names)
    package = PackageEntry("apt/curl.deb", 4, digest(folder / "apt/curl.deb"), "debian")
    manifest = Manifest("v2.31.0", "v1.35.4", "amd64", {}, (kubelet,), tuple(images), (package,))
    save(folder, manifest)
    return folder, manifest


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
