"""Runs on a load balancer: what is there now of the files, services and packages that `apply` would touch. Reads only.

    python3 -c PROGRAM '{"files": [...], "units": [...], "packages": [...], "notes": PATH, "live": PATH, "marker": TEXT,
                         "folders": [...], "haproxy_socket": PATH, "generations": PATH}'

Prints one JSON object; see `main`. File contents are base64.
"""

from __future__ import annotations

import base64
import grp
import json
import os
import pwd
import stat
import sys
from typing import Any

from twinkeel.hosts.host_programs.haproxy_socket import ask_haproxy
from twinkeel.hosts.host_programs.work_lock import wait_until_free
from twinkeel.observe.host_programs.package_versions import output, package, package_manager
from twinkeel.observe.host_programs.reload_safety import outlives_reload

# A file that Twinkeel wrote says so near its start.
HEAD = 400
LARGEST = 1 << 20
UNIT_PROPERTIES = "--property=LoadState,ActiveState,SubState,UnitFileState,MainPID"


def read_file(path: str) -> dict[str, Any] | None:
    """A file's kind, mode, owner, group and content; None when nothing is there."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    regular = stat.S_ISREG(status.st_mode)
    entry: dict[str, Any] = {
        "kind": "file" if regular else "link" if stat.S_ISLNK(status.st_mode) else "other",
        "mode": stat.S_IMODE(status.st_mode),
        "owner": name_of(pwd.getpwuid, status.st_uid),
        "group": name_of(grp.getgrgid, status.st_gid),
        "content": "",
    }
    if regular and status.st_size <= LARGEST:
        with open(path, "rb") as file:
            entry["content"] = base64.b64encode(file.read()).decode()
    return entry


def name_of(look_up: Any, number: int) -> str:
    """A user's or group's name; its number as text when it has none."""
    try:
        return str(look_up(number)[0])
    except KeyError:
        return str(number)


def written_by_us(folders: list[str], marker: str) -> list[str]:
    """Every file below these folders that says near its start that we wrote it."""
    found = []
    for top in folders:
        for folder, _, names in os.walk(top):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not os.path.islink(path) and marker in head(path):
                    found.append(path)
    return sorted(found)


def head(path: str) -> str:
    """The beginning of a file."""
    try:
        with open(path, "rb") as file:
            return file.read(HEAD).decode(errors="replace")
    except OSError:
        return ""


def read_recorded_state(path: str) -> dict[str, Any]:
    """What apply noted; empty when there is no such note."""
    try:
        with open(path) as file:
            notes = json.load(file)
    except (OSError, ValueError):
        return {}
    return notes if isinstance(notes, dict) else {}


def live_files(path: str) -> list[dict[str, Any]]:
    """The files that apply noted as its own and that are still there."""
    files = read_recorded_state(path).get("files", [])
    return [entry for entry in files if isinstance(entry, dict) and os.path.lexists(str(entry.get("path")))]


def addresses() -> list[str]:
    """Every address that the host has now."""
    try:
        links = json.loads(output(["ip", "-j", "address", "show"]) or "[]")
    except ValueError:
        return []
    return [entry["local"] for link in links for entry in link.get("addr_info", ()) if "local" in entry]


def haproxy_stats(path: str) -> str:
    """What HAProxy says of its servers (`show stat`, CSV); empty when it does not run or does not answer."""
    try:
        return ask_haproxy(path, "show stat")
    except OSError:
        return ""


def newest_generation(folder: str) -> int:
    """The number of the newest generation of files that was kept; 0 when there is none."""
    try:
        return max((int(name) for name in os.listdir(folder) if name.isdigit()), default=0)
    except OSError:
        return 0


def main() -> None:
    """Print what was asked for."""
    asked = json.loads(sys.argv[1])
    wait_until_free()
    units = {unit: output(["systemctl", "show", UNIT_PROPERTIES, unit]) for unit in asked["units"]}
    state = {
        "files": {path: read_file(path) for path in asked["files"]},
        "units": units,
        "only_restart": [unit for unit, properties in units.items() if not outlives_reload(unit, properties)],
        "packages": {name: package(name) for name in asked["packages"]},
        "package_manager": package_manager(),
        "notes": read_recorded_state(asked["notes"]),
        "live": live_files(asked["live"]),
        "ours": written_by_us(asked["folders"], asked["marker"]),
        "addresses": addresses(),
        "haproxy_stats": haproxy_stats(asked["haproxy_socket"]),
        "generation": newest_generation(asked["generations"]),
        "selinux": os.path.exists("/sys/fs/selinux/enforce"),
    }
    sys.stdout.write(json.dumps(state) + "\n")


if __name__ == "__main__":
    main()
