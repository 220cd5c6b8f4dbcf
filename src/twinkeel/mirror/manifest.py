"""What lies in a mirror's folder, and where it came from.

DIR/manifest.json
DIR/files/<host>/<path>       a downloaded file, at the path of its address on the internet
DIR/images/                   container images: an OCI image layout (blobs by digest, index.json)
DIR/apt/                      a flat package repository: Packages, Release and the packages
"""

import json
import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from twinkeel.errors import ToolError, UsageError

MANIFEST = "manifest.json"
FILES = "files"
IMAGES = "images"
APT = "apt"
FORMAT = 1


@dataclass(frozen=True)
class FileEntry:
    """A file that hosts download. `path` is below the mirror's folder, `sha256` in hexadecimal digits, `size` in bytes.

    `source` says where it came from; `substitute` is empty for what the release itself names, else what it is instead.
    """

    name: str
    path: str
    url: str
    size: int
    sha256: str
    source: str
    url_variable: str
    checksum_variable: str
    checksum_prefix: str
    substitute: str = ""


@dataclass(frozen=True)
class ImageEntry:
    """A container image: the name that it has on the internet, and its manifest's digest (sha256:...) in the image layout."""

    name: str
    digest: str
    source: str
    substitute: str = ""


@dataclass(frozen=True)
class PackageEntry:
    """A Debian package in the flat repository; `path` is below the mirror's folder."""

    path: str
    size: int
    sha256: str
    source: str


@dataclass(frozen=True)
class Manifest:
    """The whole of a mirror. `variables` are settings that its content needs; `missing` is what could not be got, by name."""

    tag: str
    kube_version: str
    architecture: str
    variables: dict[str, Any] = field(default_factory=dict)
    files: tuple[FileEntry, ...] = ()
    images: tuple[ImageEntry, ...] = ()
    packages: tuple[PackageEntry, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def downloads(self) -> tuple[FileEntry | PackageEntry, ...]:
        """All that is served as a file: files and packages."""
        return (*self.files, *self.packages)

    @property
    def substitutes(self) -> tuple[str, ...]:
        """What is not the release's own, in words, each once."""
        entries: tuple[FileEntry | ImageEntry, ...] = (*self.files, *self.images)
        return tuple(dict.fromkeys(entry.substitute for entry in entries if entry.substitute))

    def file(self, name: str) -> FileEntry | None:
        """The entry of a download."""
        return next((entry for entry in self.files if entry.name == name), None)

    def image(self, name: str) -> ImageEntry | None:
        """The entry of an image."""
        return next((entry for entry in self.images if entry.name == name), None)

    def with_file(self, entry: FileEntry) -> Self:
        """The same with this file, in place of an older one of that name."""
        return replace(self, files=(*(other for other in self.files if other.name != entry.name), entry))

    def with_image(self, entry: ImageEntry) -> Self:
        """The same with this image, in place of an older one of that name."""
        return replace(self, images=(*(other for other in self.images if other.name != entry.name), entry))

    def without(self, name: str) -> Self:
        """The same without the file, or the image, of that name."""
        files = tuple(entry for entry in self.files if entry.name != name)
        return replace(self, files=files, images=tuple(entry for entry in self.images if entry.name != name))


def file_path(url: str) -> str:
    """Where a file of this address lies below the mirror's folder."""
    parts = urlsplit(url)
    path = "/".join(part for part in parts.path.split("/") if part not in ("", ".", ".."))
    return f"{FILES}/{parts.netloc}/{path}"


def save(folder: Path, manifest: Manifest) -> None:
    """Write DIR/manifest.json: whole or not at all."""
    part = folder / f".{MANIFEST}.part"
    text = json.dumps({"format": FORMAT, **asdict(manifest)}, indent=1, ensure_ascii=False)
    with part.open("w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / MANIFEST)


def load(folder: Path) -> Manifest:
    """The manifest of a mirror.

    Raises:
        UsageError: the folder holds no mirror.
        ToolError: its manifest cannot be read, or is of another format.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise UsageError(
            "there is no mirror in this folder", where=str(folder), hint="twinkeel kubespray mirror build TAG --to DIR"
        )
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        number = values.pop("format")
        if number != FORMAT:
            raise ToolError(f"the mirror is of format {number}, and {FORMAT} is known here", where=str(path), hint="build it again")
        lists = {"files": FileEntry, "images": ImageEntry, "packages": PackageEntry}
        entries: dict[str, Any] = {name: tuple(kind(**entry) for entry in values.pop(name)) for name, kind in lists.items()}
        return Manifest(**{**values, "missing": tuple(values["missing"]), **entries})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ToolError("the mirror's manifest cannot be read", where=str(path), hint="build the mirror again") from error
