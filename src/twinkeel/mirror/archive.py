"""Archives of programs, of the shape that a release unpacks. The same files give the same bytes: no times, no names of users."""

import gzip
import tarfile
from collections.abc import Mapping
from pathlib import Path


def write_archive(target: Path, files: Mapping[str, Path]) -> None:
    """Write a compressed archive: name in it -> file here, executable for all."""
    with (
        target.open("wb") as raw,
        gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=1, mtime=0, filename="") as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        folders = {Path(name).parent.as_posix() for name in files} - {"."}
        for folder in sorted(folders):
            info = tarfile.TarInfo(folder)
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(info)
        for name, path in sorted(files.items()):
            info = tarfile.TarInfo(name)
            info.size, info.mode = path.stat().st_size, 0o755
            with path.open("rb") as stream:
                archive.addfile(info, stream)
