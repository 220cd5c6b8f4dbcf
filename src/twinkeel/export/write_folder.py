"""Writing a set of files to a folder that Twinkeel owns, without touching anything else in it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from twinkeel.errors import ToolError, UsageError
from twinkeel.render.owned_files import put, remove

MANIFEST = ".twinkeel-exported.json"
"""Lists what an earlier export wrote: paths relative to the folder."""
VAULT = b"$ANSIBLE_VAULT;"


@dataclass(frozen=True)
class Content:
    """One file to write. A `private` one is 0600, and one that the user encrypted stays as it is."""

    data: bytes
    private: bool = False

    @property
    def mode(self) -> int:
        """Its permissions."""
        return 0o600 if self.private else 0o644


@dataclass(frozen=True)
class Written:
    """How many files the folder holds of ours, how many changed, how many stale ones went, and which encrypted ones stayed."""

    total: int
    changed: int
    removed: int
    kept: tuple[str, ...]


def write_folder(folder: Path, contents: Mapping[str, Content]) -> Written:
    """Bring `folder` to these files, by relative path.

    Raises:
        UsageError: it is a file, or holds something that we did not write.
        ToolError: it cannot be written.
    """
    try:
        before = _owned_before(folder)
        kept = tuple(path for path, content in contents.items() if content.private and _is_encrypted(folder / path))
        changed = sum(put(folder / path, content.data, content.mode) for path, content in contents.items() if path not in kept)
        removed = sum(remove(folder, path) for path in sorted(before - set(contents)))
        put(folder / MANIFEST, (json.dumps(sorted(contents), indent=1) + "\n").encode(), 0o644)
    except OSError as error:
        raise ToolError(f"the project cannot be written: {error.strerror}", where=str(error.filename or folder)) from error
    return Written(len(contents), changed, removed, kept)


def _owned_before(folder: Path) -> set[str]:
    hint = "name a new or empty folder"
    if folder.exists() and not folder.is_dir():
        raise UsageError("the output is a file, not a folder", where=str(folder), hint=hint)
    manifest = folder / MANIFEST
    if manifest.is_file():
        return set(_listed(manifest))
    if folder.is_dir() and any(folder.iterdir()):
        raise UsageError("the folder is not empty and was not written by `twinkeel export`", where=str(folder), hint=hint)
    return set()


def _listed(manifest: Path) -> list[str]:
    """The manifest's paths. One that leads out of the folder is not ours to remove."""
    try:
        paths = json.loads(manifest.read_text(encoding="utf-8"))
    except ValueError:
        paths = None
    if not isinstance(paths, list):
        raise UsageError("the list of exported files is damaged", where=str(manifest), hint="delete the folder")
    return [path for path in paths if isinstance(path, str) and not path.startswith("/") and ".." not in Path(path).parts]


def _is_encrypted(path: Path) -> bool:
    return path.is_file() and path.read_bytes().startswith(VAULT)
