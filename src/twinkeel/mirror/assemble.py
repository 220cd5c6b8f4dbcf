"""Images of one layer, put together from files: for programs that have no image here. The same files give the same bytes."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from twinkeel.mirror.image_layout import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, ImageLayout

# Layers are unpacked on every node: little compression is quick at both ends.
COMPRESSION = 1
SEARCH_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Root:
    """What an image's file system holds.

    `files`: path in the image (without a leading slash) -> file here, executable for all. `trees`: folders whose whole content
    is taken. `links`: path -> what it points at.
    """

    files: Mapping[str, Path] = field(default_factory=dict)
    trees: Sequence[Path] = ()
    links: Mapping[str, str] = field(default_factory=dict)


def assemble(layout: ImageLayout, root: Root, command: Sequence[str], architecture: str) -> str:
    """Put an image into the layout; its manifest's digest.

    Args:
        command: what a container of it runs when nothing else is said.
        architecture: as Go names it, like amd64.
    """
    with TemporaryFile() as layer:
        content = _write_layer(layer, root)
        size = layer.tell()
        layer.seek(0)
        digest = layout.add_stream(layer)
    config = {
        "architecture": architecture,
        "os": "linux",
        "config": {"Env": [SEARCH_PATH], "Entrypoint": list(command), "WorkingDir": "/"},
        "rootfs": {"type": "layers", "diff_ids": [content]},
        "history": [{"created_by": "twinkeel kubespray mirror build"}],
    }
    data = json.dumps(config, sort_keys=True).encode()
    described = {"mediaType": OCI_CONFIG, "digest": layout.add(data), "size": len(data)}
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": described,
        "layers": [{"mediaType": OCI_LAYER, "digest": digest, "size": size}],
    }
    return layout.add(json.dumps(manifest, sort_keys=True).encode())


class _Digesting(io.RawIOBase):
    """Passes on what is written, and knows the digest of it all."""

    def __init__(self, target: gzip.GzipFile) -> None:
        self.target = target
        self.state = hashlib.sha256()

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        self.state.update(data)
        return self.target.write(data)


def _write_layer(target: IO[bytes], root: Root) -> str:
    """The layer as a compressed archive; the digest of the archive as it was before."""
    with gzip.GzipFile(fileobj=target, mode="wb", compresslevel=COMPRESSION, mtime=0, filename="") as packed:
        digesting = _Digesting(packed)
        with tarfile.open(fileobj=digesting, mode="w|", format=tarfile.PAX_FORMAT) as archive:
            names = set[str]()
            for name in ("etc", "tmp", "usr", "var"):
                _add_folder(archive, name, names, 0o1777 if name == "tmp" else 0o755)
            for tree in root.trees:
                _add_tree(archive, tree, names)
            for name, path in sorted(root.files.items()):
                _add_parents(archive, name, names)
                _add_file(archive, name, path, 0o755)
                names.add(name)
            for name, to in sorted(root.links.items()):
                _add_parents(archive, name, names)
                _add_link(archive, name, to)
        return f"sha256:{digesting.state.hexdigest()}"


def _add_tree(archive: tarfile.TarFile, tree: Path, names: set[str]) -> None:
    for path in sorted(tree.rglob("*")):
        name = path.relative_to(tree).as_posix()
        if name in names:
            continue
        if path.is_symlink():
            _add_parents(archive, name, names)
            _add_link(archive, name, path.readlink().as_posix())
        elif path.is_dir():
            _add_folder(archive, name, names, 0o755)
            continue
        elif path.is_file():
            _add_parents(archive, name, names)
            _add_file(archive, name, path, path.stat().st_mode & 0o777)
        names.add(name)


def _add_parents(archive: tarfile.TarFile, name: str, names: set[str]) -> None:
    for parent in reversed(Path(name).parents):
        if parent != Path():
            _add_folder(archive, parent.as_posix(), names, 0o755)


def _add_folder(archive: tarfile.TarFile, name: str, names: set[str], mode: int) -> None:
    if name not in names:
        archive.addfile(_info(name, tarfile.DIRTYPE, mode))
        names.add(name)


def _add_file(archive: tarfile.TarFile, name: str, path: Path, mode: int) -> None:
    info = _info(name, tarfile.REGTYPE, mode)
    info.size = path.stat().st_size
    with path.open("rb") as stream:
        archive.addfile(info, stream)


def _add_link(archive: tarfile.TarFile, name: str, to: str) -> None:
    info = _info(name, tarfile.SYMTYPE, 0o777)
    info.linkname = to
    archive.addfile(info)


def _info(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.mode = kind, mode
    return info
