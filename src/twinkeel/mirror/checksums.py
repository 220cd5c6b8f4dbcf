"""Checksums of files as Kubespray writes them: sha256:0123..., in hexadecimal digits."""

import hashlib
from pathlib import Path


def sha256_of(path: Path) -> str:
    """The digits alone."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def matches(path: Path, pin: str) -> bool:
    """Whether a file has the checksum. One without an algorithm that is known here matches nothing."""
    algorithm, _, digits = pin.partition(":")
    if algorithm not in ("sha256", "sha512", "sha1", "md5"):
        return False
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest() == digits.lower()
