"""A part of the modules `rendered_files` and `generations`: files as they must become, put in place atomically, and their notes."""

from __future__ import annotations

import base64
import grp
import json
import os
import pwd
import ssl
import stat
import tempfile
from typing import Any


class Candidate:
    """One file as it must become."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.path = given["path"]
        self.content = base64.b64decode(given["content"])
        self.mode = int(given["mode"], 8)
        self.uid = pwd.getpwnam(given["owner"]).pw_uid
        self.gid = grp.getgrnam(given["group"]).gr_gid
        self.unit = given["unit"]
        self.on_change = given["on_change"]
        self.early = given.get("early", False)

    def differs(self) -> bool:
        """Whether the host's file is missing or differs in content, kind, mode or owner."""
        try:
            found = os.lstat(self.path)
        except FileNotFoundError:
            return True
        if not stat.S_ISREG(found.st_mode) or (found.st_uid, found.st_gid) != (self.uid, self.gid):
            return True
        if stat.S_IMODE(found.st_mode) != self.mode or found.st_size != len(self.content):
            return True
        with open(self.path, "rb") as file:
            return file.read() != self.content

    def is_missing(self) -> bool:
        """Whether nothing is there that a program's check could use: no file, or a certificate that cannot be read."""
        if not os.path.lexists(self.path):
            return True
        if not self.path.endswith(".pem"):
            return False
        try:
            ssl.create_default_context(cafile=self.path)
        except OSError:  # SSLError is one
            return True
        return False

    def write_beside(self) -> str:
        """The name of a finished file beside the live one; a rename puts it in place."""
        return write_beside(self.path, self.content, self.mode, self.uid, self.gid)


def write_beside(path: str, content: bytes, mode: int, uid: int, gid: int) -> str:
    """The name of a finished file beside `path`, on the same file system; nobody else can read it before its mode is set."""
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o755, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=".twinkeel-", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            os.fchown(file.fileno(), uid, gid)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        os.unlink(temporary)
        raise
    return temporary


def put(path: str, content: bytes, mode: int, uid: int, gid: int) -> None:
    """Replace one file atomically."""
    os.rename(write_beside(path, content, mode, uid, gid), path)


def replace(candidates: list[Candidate]) -> None:
    """Replace the files, each atomically (a reader sees the old one or the new one, also after a power loss).

    A full disk is found before the first is replaced: all are written beside the live ones first.
    """
    written: list[tuple[str, str]] = []
    try:
        for candidate in candidates:
            written.append((candidate.write_beside(), candidate.path))
        for temporary, path in written:
            os.rename(temporary, path)
    except BaseException:
        for temporary, _ in written:
            if os.path.exists(temporary):
                os.unlink(temporary)
        raise


def read_recorded_state(path: str) -> dict[str, Any]:
    """What was noted earlier; empty when that is not known."""
    try:
        with open(path) as file:
            notes: dict[str, Any] = json.load(file)
            return notes
    except (OSError, ValueError):
        return {}


def write_recorded_state(path: str, recorded: dict[str, Any]) -> None:
    """Keep what the units run with, or which files are ours."""
    document = json.dumps(recorded, indent=2, sort_keys=True) + "\n"
    given = {"path": path, "content": base64.b64encode(document.encode()), "mode": "0644", "owner": "root", "group": "root"}
    replace([Candidate(dict(given, unit=None, on_change="reload"))])


def ours(candidates: list[Candidate]) -> list[dict[str, Any]]:
    """What is noted of each file: enough to remove it one day, and to know who must hear of that."""
    return [{"path": each.path, "unit": each.unit, "on_change": each.on_change} for each in candidates]


def leftovers(candidates: list[Candidate], live: dict[str, Any]) -> list[dict[str, Any]]:
    """Files that an earlier run installed and that are no longer wanted."""
    wanted = {candidate.path for candidate in candidates}
    return [entry for entry in live.get("files", []) if entry["path"] not in wanted and os.path.lexists(entry["path"])]
