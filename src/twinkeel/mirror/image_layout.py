"""Container images on disk, as the OCI image layout has them: everything by its digest, so that it can be checked and shared.

See image-layout.md of the OCI image specification. `skopeo copy oci:DIR/images:NAME ...` reads the same folder.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

from twinkeel.errors import ToolError

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
NAME = "org.opencontainers.image.ref.name"
CHUNK = 1 << 20
UNDER_WAY = ".image-"
"""Beginning of the names of folders that an image is brought into."""


class ImageLayout:
    """One image layout. Blobs are written whole or not at all; names are written to index.json by `set_names`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self) -> None:
        """Make the folder. What is there stays, but for what was under way when a run was killed."""
        (self.folder / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
        for left in self.folder.glob(f"{UNDER_WAY}*"):
            shutil.rmtree(left)
        (self.folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}\n')

    def path(self, digest: str) -> Path:
        """Where the blob of a digest (sha256:...) lies."""
        algorithm, _, digits = digest.partition(":")
        return self.folder / "blobs" / algorithm / digits

    def has(self, digest: str) -> bool:
        """Whether the blob is here."""
        return self.path(digest).is_file()

    def add(self, data: bytes) -> str:
        """Put a small blob in; its digest."""
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        if not self.has(digest):
            with self._part() as file:
                file.write(data)
                self._settle(file, digest)
        return digest

    def add_stream(self, stream: IO[bytes], wanted: str = "") -> str:
        """Put a blob in; its digest. Raises ToolError when it is not the wanted one."""
        state = hashlib.sha256()
        with self._part() as file:
            try:
                while chunk := stream.read(CHUNK):
                    state.update(chunk)
                    file.write(chunk)
                digest = f"sha256:{state.hexdigest()}"
                if wanted and digest != wanted:
                    raise ToolError(f"a part of an image is not what its name says: {digest}", where=wanted, hint="get it again")
                self._settle(file, digest)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
        return digest

    def manifest(self, digest: str) -> Mapping[str, Any]:
        """A manifest, or an index of manifests. Raises ToolError when it is no JSON object."""
        try:
            value = json.loads(self.path(digest).read_bytes())
        except (OSError, ValueError) as error:
            raise ToolError(
                "an image's manifest cannot be read", where=str(self.path(digest)), hint="build the mirror again"
            ) from error
        if not isinstance(value, dict):
            raise ToolError("an image's manifest is no manifest", where=str(self.path(digest)), hint="build the mirror again")
        return value

    def media_type(self, digest: str) -> str:
        """What kind of manifest it is; a manifest that does not say is OCI's."""
        value = self.manifest(digest)
        return str(value.get("mediaType") or (OCI_INDEX if "manifests" in value else OCI_MANIFEST))

    def parts(self, digest: str) -> tuple[tuple[str, int], ...]:
        """Digest and size in bytes of everything that a manifest refers to; of an index, what of it is here."""
        value = self.manifest(digest)
        found: list[tuple[str, int]] = []
        for entry in value.get("manifests", ()):
            if self.has(entry["digest"]):
                found += [(entry["digest"], entry["size"]), *self.parts(entry["digest"])]
        for entry in (*((value["config"],) if "config" in value else ()), *value.get("layers", ())):
            found.append((entry["digest"], entry["size"]))
        return tuple(dict.fromkeys(found))

    def set_names(self, names: Mapping[str, str]) -> None:
        """Write index.json: image name -> digest of its manifest."""
        entries = [
            {
                "mediaType": self.media_type(digest),
                "digest": digest,
                "size": self.path(digest).stat().st_size,
                "annotations": {NAME: name},
            }
            for name, digest in sorted(names.items())
        ]
        text = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}, indent=1)
        part = self.folder / ".index.json.part"
        part.write_text(text + "\n", encoding="utf-8")
        part.replace(self.folder / "index.json")

    def take_folder(self, folder: Path) -> str:
        """Put in what skopeo's `dir:` transport wrote, digests kept; the manifest's digest."""
        for path in sorted(folder.iterdir()):
            # Blobs bear their digest's name; so do the manifests that an index lists, with an ending.
            digits = path.name.removesuffix(".manifest.json")
            if len(digits) == 64:
                with path.open("rb") as stream:
                    self.add_stream(stream, f"sha256:{digits}")
        return self.add((folder / "manifest.json").read_bytes())

    def remove_unused(self, used: frozenset[str]) -> None:
        """Remove every blob that is not among the used digests, and what interrupted runs left."""
        for path in (self.folder / "blobs" / "sha256").iterdir():
            if f"sha256:{path.name}" not in used:
                path.unlink()

    def _part(self) -> "IO[bytes]":
        return NamedTemporaryFile(dir=self.folder / "blobs" / "sha256", prefix=".part-", delete=False)

    def _settle(self, file: "IO[bytes]", digest: str) -> None:
        file.flush()
        os.fsync(file.fileno())
        Path(file.name).chmod(0o644)
        Path(file.name).rename(self.path(digest))
