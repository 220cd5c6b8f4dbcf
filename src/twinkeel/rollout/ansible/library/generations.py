"""Keep and bring back what a host had before its files were replaced (see DOCUMENTATION below).

Sent to the host by Ansible; it needs Python 3.8, Ansible's own module helpers, `candidate_files`, `keep_generation` and
`reload_safety`.
"""

from __future__ import annotations

import json
import os
import stat
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.candidate_files import put, read_recorded_state
from ansible.module_utils.keep_generation import META, complete, keep_generation
from ansible.module_utils.reload_safety import outlives_reload

DOCUMENTATION = r"""
module: generations
short_description: Keep a host's files before they are replaced, and bring them back
description:
  - C(state=listed) returns the I(newest) generation's number, 0 when there is none.
  - C(state=kept) copies the files named by I(files), and those that an earlier run installed, to FOLDER/NNNN with their modes
    and owners, what was noted about them, and whether each of I(units) ran. The newest I(keep) generations stay.
  - C(state=restored) puts the files back as generation I(number) has them, removes those that were not there, and returns what
    each service needs for that (I(actions)).
options:
  state: {type: str, choices: [listed, kept, restored], required: true}
  files: {type: list, elements: dict, default: [], description: "path, unit, on_change; other keys are ignored"}
  units: {type: list, elements: str, default: []}
  vrrp_daemon: {type: dict, default: {}, description: "unit and config_path: a pair that somebody else set up has it running"}
  number: {type: int, default: 0}
  about: {type: dict, default: {}, description: "why it is kept: when, who, command"}
  keep: {type: int, default: 5}
  folder: {type: path, default: /var/lib/twinkeel/generations}
  notes: {type: path, default: /var/lib/twinkeel/loaded.json}
  live: {type: path, default: /var/lib/twinkeel/live.json}
"""


def is_active(module: AnsibleModule, unit: str) -> bool:
    """Whether the unit runs now."""
    code, _, _ = module.run_command(["systemctl", "is-active", "--quiet", unit])
    return bool(code == 0)


def keep(module: AnsibleModule) -> None:
    """Do `state=kept`."""
    keep_generation(module.params, lambda unit: is_active(module, unit), read_recorded_state, put)
    module.exit_json(changed=True, number=module.params["number"])


def restore(module: AnsibleModule) -> None:
    """Do `state=restored`."""
    given = module.params
    kept = os.path.join(given["folder"], f"{given['number']:04d}")
    meta = read_recorded_state(os.path.join(kept, META))
    if not meta:
        module.fail_json(msg=f"this host has no generation {given['number']}")
    readers = {
        entry["path"]: entry for entry in read_recorded_state(given["live"]).get("files", []) + given["files"] + meta["files"]
    }
    wanted = {entry["path"]: entry for entry in meta["files"]}
    changed = []
    for path, entry in wanted.items():
        with open(os.path.join(kept, entry["kept_as"]), "rb") as source:
            content = source.read()
        if not same(path, content, entry):
            put(path, content, entry["mode"], entry["uid"], entry["gid"])
            changed.append(path)
    for path in sorted(set(readers) - set(wanted)):
        if os.path.lexists(path):
            os.unlink(path)
            changed.append(path)
    for name in ("notes", "live"):
        if meta[name]:
            put(given[name], (json.dumps(meta[name], indent=2, sort_keys=True) + "\n").encode(), 0o644, 0, 0)
        elif os.path.exists(given[name]):
            os.unlink(given[name])
    actions = {unit: needed(unit, active, [readers[path] for path in changed]) for unit, active in meta["units"].items()}
    for unit in [unit for unit, each in actions.items() if each == "reloaded"]:
        _, properties_of, _ = module.run_command(["systemctl", "show", "--property=MainPID", unit])
        actions[unit] = "reloaded" if outlives_reload(unit, properties_of) else "restarted"
    module.exit_json(changed=bool(changed), files=changed, actions=actions, bare=meta["bare"])


def same(path: str, content: bytes, entry: dict[str, Any]) -> bool:
    """Whether the file on the host is as the generation has it."""
    try:
        found = os.lstat(path)
        if not stat.S_ISREG(found.st_mode) or stat.S_IMODE(found.st_mode) != entry["mode"]:
            return False
        with open(path, "rb") as file:
            return (found.st_uid, found.st_gid) == (entry["uid"], entry["gid"]) and file.read() == content
    except FileNotFoundError:
        return False


def needed(unit: str, was_active: bool, changed: list[dict[str, Any]]) -> str:
    """What a unit needs after its files were put back: stopped, restarted, reloaded or started (which does nothing if it runs)."""
    if not was_active:
        return "stopped"
    kinds = {entry.get("on_change") for entry in changed if entry.get("unit") == unit}
    return "restarted" if "restart" in kinds else "reloaded" if "reload" in kinds else "started"


def main() -> None:
    """Read the arguments and do what the state asks."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "required": True, "choices": ["listed", "kept", "restored"]},
            "files": {"type": "list", "elements": "dict", "default": []},
            "units": {"type": "list", "elements": "str", "default": []},
            "vrrp_daemon": {"type": "dict", "default": {}},
            "number": {"type": "int", "default": 0},
            "about": {"type": "dict", "default": {}},
            "keep": {"type": "int", "default": 5},
            "folder": {"type": "path", "default": "/var/lib/twinkeel/generations"},
            "notes": {"type": "path", "default": "/var/lib/twinkeel/loaded.json"},
            "live": {"type": "path", "default": "/var/lib/twinkeel/live.json"},
        },
    )
    try:
        if module.params["state"] == "kept":
            keep(module)
        if module.params["state"] == "restored":
            restore(module)
    except OSError as error:
        module.fail_json(msg=f"{error.strerror}: {error.filename or module.params['folder']}")
    module.exit_json(changed=False, newest=max(complete(module.params["folder"]), default=0))


if __name__ == "__main__":
    main()
