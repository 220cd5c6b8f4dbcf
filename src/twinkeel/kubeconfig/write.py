"""Write a kubeconfig: private, atomic, and never over a file that somebody else wrote."""

import os
from enum import StrEnum
from pathlib import Path
from tempfile import NamedTemporaryFile

from twinkeel.errors import UsageError

MARK = "# Written by `twinkeel kubeconfig` for the cluster "


class Written(StrEnum):
    """What became of the file."""

    new = "written"
    replaced = "replaced"
    unchanged = "unchanged"


def write_kubeconfig(path: Path, cluster: str, text: str, *, force: bool = False) -> Written:
    """Write the kubeconfig with mode 0600; a file of ours that it replaces is kept as `PATH.bak`.

    Args:
        cluster: the spec's name of the cluster, for the file's first line.
        force: also replace a file that this function did not write.

    Raises:
        UsageError: there is a file that this function did not write (and `force` is not set), or a folder.
        OSError: it cannot be written.
    """
    target = path.resolve()
    content = f"{MARK}{cluster}; run it again to renew this file.\n{text}".encode()
    old = _existing(target, force=force)
    if old == content:
        target.chmod(0o600)
        return Written.unchanged
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if old is not None:
        _replace(target.with_name(f"{target.name}.bak"), old)
    _replace(target, content)
    return Written.new if old is None else Written.replaced


def _existing(target: Path, *, force: bool) -> bytes | None:
    if target.is_dir():
        raise UsageError("the output is a folder", where=str(target), hint="name a file with --output")
    try:
        content = target.read_bytes()
    except FileNotFoundError:
        return None
    if not content.startswith(MARK.encode()) and not force:
        hint = "choose another file with --output, or replace it with --force (the old one is kept as .bak)"
        raise UsageError("a file is there that twinkeel did not write", where=str(target), hint=hint)
    return content


def _replace(target: Path, content: bytes) -> None:
    # NamedTemporaryFile makes the file with mode 0600, and it is never readable for others under its final name.
    with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}-", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(target)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
