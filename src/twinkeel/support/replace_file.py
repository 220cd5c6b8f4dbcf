"""Replacing a file: it has its old content or all of the new one, also after a crash."""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile


def replace_file(target: Path, content: bytes) -> None:
    """Put `content` in the file's place, mode 0600 from its first byte on; its folder must be there. Raises OSError."""
    with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}-", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(target)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
