"""Keep what a load balancer has before its files are replaced. A part of the module `generations` and of the program `keep_now`."""

from __future__ import annotations

import grp
import json
import os
import pwd
import shutil
import stat
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

META = "generation.json"


def complete(folder: str) -> list[int]:
    """The number of every complete generation, oldest first."""
    names = os.listdir(folder) if os.path.isdir(folder) else []
    return sorted(int(name) for name in names if name.isdigit() and os.path.exists(os.path.join(folder, name, META)))


def keep_generation(
    given: dict[str, Any],
    is_active: Callable[[str], bool],
    read_recorded_state: Callable[[str], dict[str, Any]],
    put: Callable[[str, bytes, int, int, int], None],
) -> None:
    """Copy the files, what was noted of them, and which units run, to FOLDER/NNNN.

    It gets its number when it is complete: one that broke off is no generation. `given` are the options of the module
    `generations`; the last two arguments are functions of `candidate_files`.
    """
    live, notes = read_recorded_state(given["live"]), read_recorded_state(given["notes"])
    known = {entry["path"]: entry for entry in live.get("files", [])}
    known.update({entry["path"]: {key: entry.get(key) for key in ("path", "unit", "on_change")} for entry in given["files"]})
    os.makedirs(given["folder"], mode=0o700, exist_ok=True)
    os.chmod(given["folder"], 0o700)
    unfinished = os.path.join(given["folder"], "unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    os.mkdir(unfinished, 0o700)
    files, absent = [], []
    try:
        for index, path in enumerate(sorted(known)):
            if not os.path.isfile(path):
                absent.append(path)
                continue
            found = os.stat(path)
            with open(path, "rb") as source:
                put(os.path.join(unfinished, f"{index:03d}"), source.read(), 0o600, 0, 0)
            rights: dict[str, Any] = {"mode": stat.S_IMODE(found.st_mode), "uid": found.st_uid, "gid": found.st_gid}
            rights.update(owner=owner_name(found.st_uid), group=group_name(found.st_gid))
            files.append(dict(known[path], kept_as=f"{index:03d}", **rights))
        meta = dict(given["about"], number=given["number"], files=files, absent=absent, notes=notes, live=live)
        # A pair that somebody else set up has no notes of ours, and all that it needs to go back to.
        daemon = given["vrrp_daemon"]
        runs = bool(daemon) and os.path.isfile(daemon["config_path"]) and is_active(daemon["unit"])
        meta.update(bare=not live and not notes and not runs, units={unit: is_active(unit) for unit in given["units"]})
        put(os.path.join(unfinished, META), (json.dumps(meta, indent=2, sort_keys=True) + "\n").encode(), 0o600, 0, 0)
        os.rename(unfinished, os.path.join(given["folder"], f"{given['number']:04d}"))
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    for old in complete(given["folder"])[: -given["keep"]]:
        shutil.rmtree(os.path.join(given["folder"], f"{old:04d}"))


def owner_name(uid: int) -> str:
    """A user's name, or the number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def group_name(gid: int) -> str:
    """A group's name, or the number where it has none."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
