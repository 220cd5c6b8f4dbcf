"""A flat package repository: a folder of packages with its index, for a line `deb [trusted=yes] URL ./`."""

import hashlib
import subprocess
from pathlib import Path

from twinkeel.errors import ToolError


def index_stanza(path: Path) -> str:
    """A package's entry of the index: its own fields, and what deb-src-control(5) says an index adds. Raises ToolError."""
    ended = subprocess.run(
        ["dpkg-deb", "--field", str(path)],
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
    )
    if ended.returncode != 0:
        raise ToolError(f"dpkg-deb ended with {ended.returncode}: {ended.stderr.strip()}", where=str(path))
    data = path.read_bytes()
    fields = ended.stdout.strip("\n")
    return f"{fields}\nFilename: ./{path.name}\nSize: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n"


def write_index(folder: Path) -> None:
    """Write Packages, and a Release that holds its checksum. It is not signed: the line in sources.list must say trusted=yes."""
    packages = "\n".join(index_stanza(path) for path in sorted(folder.glob("*.deb"))).encode()
    checksum = hashlib.sha256(packages).hexdigest()
    release = f"Suite: twinkeel\nDescription: packages of a mirror\nSHA256:\n {checksum} {len(packages)} Packages\n".encode()
    for name, data in (("Packages", packages), ("Release", release)):
        part = folder / f".{name}.part"
        part.write_bytes(data)
        part.replace(folder / name)
