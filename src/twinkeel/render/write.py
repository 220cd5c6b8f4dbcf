"""Writing rendered files to a folder that Twinkeel owns, without touching anything else in it."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from twinkeel.errors import ToolError, UsageError
from twinkeel.render.files import RenderedFile, RenderedFiles

MANIFEST = ".twinkeel-rendered.json"
"""Lists what an earlier run wrote: paths relative to the folder."""


@dataclass(frozen=True)
class Written:
    """How many files the folder holds of ours, how many of them changed, how many stale ones went."""

    total: int
    changed: int
    removed: int


def write(rendered: RenderedFiles, folder: Path, *, force: bool = False) -> Written:
    """Bring `folder` to hosts/HOST/PATH and kubespray/PATH.

    Raises UsageError when the folder is a file, or holds something and was not written by us (unless `force`), and
    ToolError when it cannot be written.
    """
    try:
        before = _owned_before(folder, force=force)
        targets = dict(_targets(rendered))
        changed = sum(_put(folder / path, file) for path, file in targets.items())
        removed = sum(_remove(folder, path) for path in sorted(before - set(targets)))
        _put(folder / MANIFEST, RenderedFile(MANIFEST, json.dumps(sorted(targets), indent=1) + "\n"))
    except OSError as error:
        raise ToolError(f"the files cannot be written: {error.strerror}", where=str(error.filename or folder)) from error
    return Written(len(targets), changed, removed)


def _targets(rendered: RenderedFiles) -> list[tuple[str, RenderedFile]]:
    hosts = [(f"hosts/{host}{file.path}", file) for host, files in rendered.hosts.items() for file in files]
    return hosts + [(f"kubespray/{file.path}", file) for file in rendered.kubespray]


def _owned_before(folder: Path, *, force: bool) -> set[str]:
    if folder.exists() and not folder.is_dir():
        raise UsageError("the output is a file, not a folder", where=str(folder), hint="name a new or empty folder")
    manifest = folder / MANIFEST
    if manifest.is_file():
        return set(_listed(manifest))
    if folder.is_dir() and any(folder.iterdir()) and not force:
        raise UsageError(
            "the folder is not empty and was not written by Twinkeel",
            where=str(folder),
            hint="name a new or empty folder, or use --force to write beside what is there",
        )
    return set()


def _listed(manifest: Path) -> list[str]:
    """The manifest's paths. One that leads out of the folder is not ours to remove."""
    try:
        paths = json.loads(manifest.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError("the list of rendered files is damaged", where=str(manifest), hint="delete the folder") from error
    if not isinstance(paths, list):
        raise UsageError("the list of rendered files is damaged", where=str(manifest), hint="delete the folder")
    return [
        path
        for path in paths
        if isinstance(path, str) and path.startswith(("hosts/", "kubespray/")) and ".." not in Path(path).parts
    ]


def _put(target: Path, file: RenderedFile) -> bool:
    """Write one file with its mode; False when it was right already."""
    content = file.content.encode()
    if target.is_file() and target.read_bytes() == content and target.stat().st_mode & 0o7777 == file.mode:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    # A new file, private from its first byte on: whoever had the old one open reads no password that comes now.
    target.unlink(missing_ok=True)
    with open(target, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as out:
        os.fchmod(out.fileno(), file.mode)
        out.write(content)
    return True


def _remove(folder: Path, path: str) -> bool:
    """Remove a stale file and the folders that it leaves empty."""
    stale = folder / path
    if not stale.is_file():
        return False
    stale.unlink()
    for parent in stale.relative_to(folder).parents:
        below = folder / parent
        if below == folder or any(below.iterdir()):
            break
        below.rmdir()
    return True
