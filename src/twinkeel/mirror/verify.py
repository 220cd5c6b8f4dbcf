"""Whether a mirror is what its manifest says: every file, package, manifest and blob by its checksum, and nothing besides."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from twinkeel.debian.progress import Progress
from twinkeel.errors import ToolError
from twinkeel.mirror.checksums import sha256_of
from twinkeel.mirror.image_layout import ImageLayout
from twinkeel.mirror.manifest import APT, FILES, IMAGES, FileEntry, Manifest, PackageEntry

Kind = Literal["missing", "changed", "extra"]
Finding = tuple[Kind, str]
INDEX = (f"{APT}/Packages", f"{APT}/Release")


def verify(folder: Path, manifest: Manifest, progress: Progress) -> tuple[Finding, ...]:
    """What is wrong: a word and a name each, in order; empty when all is right. Nothing is changed."""
    findings: list[Finding] = [("missing", line) for line in manifest.missing]
    entries = manifest.downloads
    for number, entry in enumerate(entries):
        progress(f"check {Path(entry.path).name}", 0.6 * number / len(entries))
        findings += _entry(folder, entry)
    layout = ImageLayout(folder / IMAGES)
    for number, image in enumerate(manifest.images):
        progress(f"check image {image.name}", 0.6 + 0.4 * number / len(manifest.images))
        findings += [(kind, f"image {image.name}: {what}") for kind, what in _image(layout, image.digest)]
    findings += [("missing", path) for path in INDEX if manifest.packages and not (folder / path).is_file()]
    findings += [("extra", path) for path in _extra(folder, manifest, layout)]
    progress("checked", 1.0)
    return tuple(dict.fromkeys(findings))


def _entry(folder: Path, entry: FileEntry | PackageEntry) -> list[Finding]:
    path = folder / entry.path
    if not path.is_file():
        return [("missing", entry.path)]
    size = path.stat().st_size
    if size != entry.size:
        return [("changed", f"{entry.path}: {size} bytes, not {entry.size}")]
    return [] if sha256_of(path) == entry.sha256 else [("changed", f"{entry.path}: another checksum")]


def _image(layout: ImageLayout, digest: str) -> Iterator[Finding]:
    if not layout.has(digest):
        yield "missing", f"manifest {digest}"
        return
    if f"sha256:{sha256_of(layout.path(digest))}" != digest:
        yield "changed", f"manifest {digest}"
        return
    for part, size in layout.parts(digest):
        path = layout.path(part)
        if not path.is_file():
            yield "missing", f"blob {part}"
        elif path.stat().st_size != size or f"sha256:{sha256_of(path)}" != part:
            yield "changed", f"blob {part}"


def _extra(folder: Path, manifest: Manifest, layout: ImageLayout) -> list[str]:
    known = {entry.path for entry in manifest.downloads} | set(INDEX)
    for image in manifest.images:
        try:
            digests = [image.digest, *(part for part, _ in layout.parts(image.digest))]
        except ToolError:
            digests = [image.digest]
        known |= {layout.path(digest).relative_to(folder).as_posix() for digest in digests}
    known |= {f"{IMAGES}/oci-layout", f"{IMAGES}/index.json"}
    found = (path for name in (FILES, IMAGES, APT) for path in sorted((folder / name).rglob("*")) if path.is_file())
    return [name for path in found if (name := path.relative_to(folder).as_posix()) not in known]
