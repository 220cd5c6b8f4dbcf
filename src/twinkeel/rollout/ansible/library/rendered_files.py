"""Compare, judge and install a host's rendered files in one step (see DOCUMENTATION below).

Sent to the host by Ansible; it needs Python 3.8, Ansible's own module helpers, and `unit_actions`.
"""

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

from ansible.module_utils.basic import AnsibleModule

# The decision that `twinkeel plan` takes, too. The project has both in its folder module_utils: see write_project.py.
from ansible.module_utils.reload_safety import outlives_reload
from ansible.module_utils.unit_actions import UnitFile, action, digests

DOCUMENTATION = r"""
module: rendered_files
short_description: Bring a set of files to their rendered content, all judged before any is replaced
description:
  - C(state=judged) replaces nothing. It compares the files with those on the host and lets the host's own programs judge
    each candidate that differs. It fails when one is refused, and returns what each service needs (I(actions)) and whether there is
    anything to do (I(needed)). The one thing that it adds are I(early) files that are not there, or that cannot be read, and
    I(folders): the programs need them for their judgement.
  - C(state=installed) replaces the files that differ, each atomically, and none unless there is room for all. With
    C(only_missing) it adds those that are not there, and certificates that cannot be read, and touches no other. Otherwise it
    also removes what an earlier run installed and this one no longer has.
  - C(state=loaded) notes that the services named by I(units) now run with these files. What a service runs with is noted on
    the host, so that a run that was interrupted between replacing a file and reloading its service is completed by the next.
options:
  files: {type: list, elements: dict, required: true, description: "path, src, mode, owner, group, unit, on_change, early"}
  checks: {type: list, elements: dict, default: [], description: "path, and argv with %s for the candidate"}
  units: {type: list, elements: str, default: [], description: "the services that the files belong to"}
  state: {type: str, choices: [judged, installed, loaded], required: true}
  only_missing: {type: bool, default: false}
  folders: {type: list, elements: path, default: [], description: "made before the programs judge"}
  about: {type: dict, default: {}, description: "kept with the notes: when, who, command, spec"}
  notes: {type: path, default: /var/lib/twinkeel/loaded.json}
  live: {type: path, default: /var/lib/twinkeel/live.json, description: "which files on this host are ours"}
"""

FILE_OPTIONS = {
    "path": {"type": "path", "required": True},
    "content": {"type": "str", "required": True},
    "mode": {"type": "str", "default": "0644"},
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
    "unit": {"type": "str"},
    "on_change": {"type": "str", "choices": ["reload", "restart"], "default": "reload"},
    "early": {"type": "bool", "default": False},
}


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
        folder = os.path.dirname(self.path)
        os.makedirs(folder, mode=0o755, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".twinkeel-", dir=folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(self.content)
                os.fchown(file.fileno(), self.uid, self.gid)
                os.fchmod(file.fileno(), self.mode)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            os.unlink(temporary)
            raise
        return temporary


def install(candidates: list[Candidate]) -> None:
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


def remove(module: AnsibleModule, entries: list[dict[str, Any]]) -> None:
    """Remove files that are no longer ours; a unit among them is stopped first."""
    for entry in entries:
        folder, name = os.path.split(entry["path"])
        if folder == "/etc/systemd/system" and name.endswith(".service"):
            module.run_command(["systemctl", "disable", "--now", name])
        os.unlink(entry["path"])


def ended_by_signal(code: int) -> int:
    """The signal that ended a program, as Python and as a shell tell it; 0 when none did."""
    number = -code if code < 0 else code - 128
    return number if 0 < number < 65 else 0


def judge(module: AnsibleModule, candidates: list[Candidate], checks: list[dict[str, Any]]) -> None:
    """Let the host's own programs judge the candidates; end the module when one is refused."""
    argv_of = {check["path"]: check["argv"] for check in checks}
    for candidate in candidates:
        argv = argv_of.get(candidate.path)
        if argv is None:
            continue
        name = os.path.join(module.tmpdir, os.path.basename(candidate.path))
        with open(name, "wb") as file:
            file.write(candidate.content)
        words = [part.replace("%s", name) for part in argv]
        code, out, err = module.run_command(words)
        if ended_by_signal(code):
            # Keepalived 2.2.7's own check ends its process group with SIGTERM on some valid files; in a PID namespace it does not.
            code, out, err = module.run_command(["unshare", "--pid", "--fork", "--kill-child", "--", *words])
        if ended_by_signal(code):
            module.fail_json(
                msg=f"{argv[0]} was ended by signal {ended_by_signal(code)} before it had judged the candidate for "
                f"{candidate.path}: it neither accepts nor refuses it; nothing was replaced\n{(err + out).strip()}".rstrip()
            )
        said = (err + out).strip()
        # haproxy ends some alerts with exit code 0.
        if code != 0 or "[ALERT]" in said:
            refusal = f"{argv[0]} refuses the candidate for {candidate.path} (exit code {code}); nothing was replaced"
            module.fail_json(msg=f"{refusal}:\n{said}")


def unit_files(candidates: list[Candidate]) -> list[Any]:
    """The candidates as the decision takes them."""
    return [UnitFile(each.path, each.content, each.unit, each.on_change) for each in candidates]


def read_notes(path: str) -> dict[str, Any]:
    """What was noted earlier; empty when that is not known."""
    try:
        with open(path) as file:
            notes: dict[str, Any] = json.load(file)
            return notes
    except (OSError, ValueError):
        return {}


def write_notes(path: str, noted: dict[str, Any]) -> None:
    """Keep what the units run with, or which files are ours."""
    document = json.dumps(noted, indent=2, sort_keys=True) + "\n"
    given = {"path": path, "content": base64.b64encode(document.encode()), "mode": "0644", "owner": "root", "group": "root"}
    install([Candidate(dict(given, unit=None, on_change="reload"))])


def ours(candidates: list[Candidate]) -> list[dict[str, Any]]:
    """What is noted of each file: enough to remove it one day, and to know who must hear of that."""
    return [{"path": each.path, "unit": each.unit, "on_change": each.on_change} for each in candidates]


def leftovers(candidates: list[Candidate], live: dict[str, Any]) -> list[dict[str, Any]]:
    """Files that an earlier run installed and that are no longer wanted."""
    wanted = {candidate.path for candidate in candidates}
    return [entry for entry in live.get("files", []) if entry["path"] not in wanted and os.path.lexists(entry["path"])]


def shown(module: AnsibleModule, unit: str) -> str:
    """What `systemctl show` prints of a unit's state."""
    _, out, _ = module.run_command(["systemctl", "show", "--property=ActiveState,UnitFileState,MainPID", unit])
    return str(out)


def bring(module: AnsibleModule, candidates: list[Candidate], live: dict[str, Any], *, missing_only: bool) -> list[str]:
    """Put files in their places; their paths."""
    path = module.params["live"]
    chosen = [each for each in candidates if (each.is_missing() if missing_only else each.differs())]
    old = [] if missing_only else leftovers(candidates, live)
    if (chosen or old) and not module.check_mode:
        # First of all it is noted that these files are ours: a run that breaks off here leaves nothing behind that nobody knows.
        known = {entry["path"]: entry for entry in live.get("files", []) + ours(chosen)}
        write_notes(path, dict(live, files=sorted(known.values(), key=lambda entry: str(entry["path"]))))
        install(chosen)
        remove(module, old)
    return [candidate.path for candidate in chosen] + [entry["path"] for entry in old]


def make_ready(module: AnsibleModule, candidates: list[Candidate], live: dict[str, Any]) -> list[str]:
    """Add what the programs need before they can judge; the paths of the files."""
    if not module.check_mode:
        for folder in module.params["folders"]:
            os.makedirs(folder, mode=0o755, exist_ok=True)
    return bring(module, [each for each in candidates if each.early], live, missing_only=True)


def note(module: AnsibleModule, candidates: list[Candidate], live: dict[str, Any], noted: dict[str, Any]) -> None:
    """Do `state=loaded` and end the module."""
    merged = dict(noted, **digests(unit_files(candidates), module.params["units"]))
    now = dict(module.params["about"], files=ours(candidates))
    changed = merged != noted or live.get("files") != now["files"]
    if changed and not module.check_mode:
        write_notes(module.params["notes"], merged)
        write_notes(module.params["live"], now)
    module.exit_json(changed=changed)


def main() -> None:
    """Read the arguments and do what the state asks."""
    module = AnsibleModule(
        argument_spec={
            "files": {"type": "list", "elements": "dict", "required": True, "options": FILE_OPTIONS},
            "checks": {"type": "list", "elements": "dict", "default": []},
            "units": {"type": "list", "elements": "str", "default": []},
            "state": {"type": "str", "required": True, "choices": ["judged", "installed", "loaded"]},
            "only_missing": {"type": "bool", "default": False},
            "folders": {"type": "list", "elements": "path", "default": []},
            "about": {"type": "dict", "default": {}},
            "notes": {"type": "path", "default": "/var/lib/twinkeel/loaded.json"},
            "live": {"type": "path", "default": "/var/lib/twinkeel/live.json"},
        },
        supports_check_mode=True,
    )
    try:
        carry_out(module)
    except OSError as error:
        module.fail_json(msg=f"{error.strerror}: {error.filename or module.params['live']}")


def carry_out(module: AnsibleModule) -> None:
    """Do what the state asks, and end the module."""
    candidates = [Candidate(given) for given in module.params["files"]]
    noted, live = read_notes(module.params["notes"]), read_notes(module.params["live"])
    if module.params["state"] == "loaded":
        note(module, candidates, live, noted)
    if module.params["state"] == "installed":
        paths = bring(module, candidates, live, missing_only=module.params["only_missing"])
        module.exit_json(changed=bool(paths), differs=paths)
    added = make_ready(module, candidates, live)
    live = read_notes(module.params["live"]) if added else live
    differing, old = [each for each in candidates if each.differs()], leftovers(candidates, live)
    judge(module, differing, module.params["checks"])
    wanted, actions = digests(unit_files(candidates), module.params["units"]), {}
    for unit in module.params["units"]:
        stale = {candidate.on_change for candidate in differing if candidate.unit == unit}
        stale |= {entry["on_change"] for entry in old if entry["unit"] == unit}
        state = shown(module, unit)
        actions[unit] = action(state, wanted[unit], noted.get(unit, {}), stale, outlives_reload(unit, state))
    paths = [candidate.path for candidate in differing] + [entry["path"] for entry in old]
    needed = bool(paths) or any(each != "none" for each in actions.values())
    module.exit_json(changed=bool(added), differs=paths, actions=actions, needed=needed)


if __name__ == "__main__":
    main()
