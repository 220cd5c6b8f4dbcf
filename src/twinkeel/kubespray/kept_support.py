"""What a fetched release supports, kept beside its mark as JSON: reading it from the checkout takes longer than a whole check.

    DATA/kubespray/TAG/supports.json: {"format", "commit", "support": the fields of ReleaseSupport}

What an older Twinkeel fetched has no such file, and another format or commit is not used: it is read from the checkout, and kept.
"""

import json
import os
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter

from twinkeel.kubespray.read_support import read_support
from twinkeel.kubespray.release import Release
from twinkeel.spec.release_support import ReleaseSupport

KEPT = "supports.json"
FORMAT = 1
"""Raised whenever more is read, or read in another way."""


def support_of(release: Release) -> ReleaseSupport:
    """What a complete release supports: as it was kept, else read from its checkout and kept.

    Raises:
        ToolError: the release is not complete.
        OSError: its folder is closed to this user.
    """
    commit = release.facts().get("commit", "")
    kept = _load(release.folder / KEPT, commit)
    return kept if kept is not None else keep_support(release, commit)


def keep_support(release: Release, commit: str) -> ReleaseSupport:
    """Read from the checkout of a commit what the release supports, and keep it where this user may write."""
    support = read_support(release.tag, release.checkout)
    with suppress(OSError):
        _save(release.folder / KEPT, {"format": FORMAT, "commit": commit, "support": asdict(support)})
    return support


def _load(path: Path, commit: str) -> ReleaseSupport | None:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if (kept["format"], kept["commit"]) != (FORMAT, commit):
            return None
        return TypeAdapter(ReleaseSupport).validate_python(kept["support"])
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _save(path: Path, kept: object) -> None:
    # Two checks may read the same release at once: each writes a file of its own.
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
