"""Writing rendered files to a folder that Twinkeel owns, without touching anything else in it."""

import json
from dataclasses import dataclass
from pathlib import Path

from twinkeel.errors import ToolError, UsageError
from twinkeel.render.files import RenderedFile, RenderedFiles
from twinkeel.render.owned_files import put, remove

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
        changed = sum(put(folder / path, file.content.encode(), file.mode) for path, file in targets.items())
        removed = sum(remove(folder, path) for path in sorted(before - set(targets)))
        put(folder / MANIFEST, (json.dumps(sorted(targets), indent=1) + "\n").encode(), 0o644)
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
