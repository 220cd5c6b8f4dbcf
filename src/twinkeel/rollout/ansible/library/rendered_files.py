"""Validate a host's rendered files, and bring the host to them (see DOCUMENTATION below).

Sent to the host by Ansible; it needs Python 3.8 and Ansible's own module helpers. Its other parts are in the project's folder
module_utils: see write_project.py.
"""

from __future__ import annotations

import os
from typing import Any

from ansible.module_utils.balancer_health import OPTIONS, wait_until_it_serves
from ansible.module_utils.balancer_units import UnitError, bring_units, checked
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.candidate_files import Candidate, leftovers, ours, read_recorded_state, replace, write_recorded_state
from ansible.module_utils.haproxy_socket import ask_haproxy

# The decision that `twinkeel plan` takes, too.
from ansible.module_utils.reload_safety import outlives_reload
from ansible.module_utils.unit_actions import UnitFile, action, digests
from ansible.module_utils.work_lock import PATH, at_work

DOCUMENTATION = r"""
module: rendered_files
short_description: Bring a set of files to their rendered content, all validated before any is replaced
description:
  - C(state=validated) replaces nothing. It compares the files with those on the host and lets the host's own programs validate
    each candidate that differs. It fails when one is refused, and returns what each service needs (I(actions)) and whether there is
    anything to do (I(needed)). The one thing that it adds are I(early) files that are not there, or that cannot be read, and
    I(folders): the programs need them for their checks.
  - Where a plan was made (I(planned)), it also fails when the host is not as it was then.
  - C(state=brought) replaces the files that differ, each atomically, and none unless there is room for all; removes what an
    earlier run installed and this one no longer has; does what each of I(units) needs by I(actions), in their order; waits until
    the load balancer serves (I(health)); and notes that the units run with these files. A run that was interrupted in between is
    completed by the next one, since it finds no such note.
options:
  files: {type: list, elements: dict, required: true, description: "path, src, mode, owner, group, unit, on_change, early"}
  checks: {type: list, elements: dict, default: [], description: "path, and argv with %s for the candidate"}
  units: {type: list, elements: str, default: [], description: "the services that the files belong to, in order of work"}
  state: {type: str, choices: [validated, brought], required: true}
  planned: {type: dict, description: "differs and actions, as validated before"}
  actions: {type: dict, default: {}, description: "what each unit needs: none, start, reload, restart"}
  health: {type: dict, description: "the options of load_balancer_health"}
  folders: {type: list, elements: path, default: [], description: "made before the programs validate"}
  about: {type: dict, default: {}, description: "kept with the notes: when, who, command, spec"}
  notes: {type: path, default: /var/lib/twinkeel/loaded.json}
  live: {type: path, default: /var/lib/twinkeel/live.json, description: "which files on this host are ours"}
  lock: {type: path, default: /run/twinkeel/work, description: "held by whoever is at work on this host"}
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


def validate(module: AnsibleModule, candidates: list[Candidate], checks: list[dict[str, Any]]) -> None:
    """Let the host's own programs validate the candidates; end the module when one is refused."""
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
            # A daemon's own check (2.2.7) ends its process group with SIGTERM on some valid files; in a PID namespace it does not.
            code, out, err = module.run_command(["unshare", "--pid", "--fork", "--kill-child", "--", *words])
        if ended_by_signal(code):
            module.fail_json(
                msg=f"{argv[0]} was ended by signal {ended_by_signal(code)} before it had validated the candidate for "
                f"{candidate.path}: it neither accepts nor refuses it; nothing was replaced\n{(err + out).strip()}".rstrip()
            )
        output = (err + out).strip()
        # haproxy ends some alerts with exit code 0.
        if code != 0 or "[ALERT]" in output:
            refusal = f"{argv[0]} refuses the candidate for {candidate.path} (exit code {code}); nothing was replaced"
            module.fail_json(msg=f"{refusal}:\n{output}")


def unit_files(candidates: list[Candidate]) -> list[Any]:
    """The candidates as the decision takes them."""
    return [UnitFile(each.path, each.content, each.unit, each.on_change) for each in candidates]


def properties_of(module: AnsibleModule, unit: str) -> str:
    """What `systemctl show` prints of a unit's state."""
    _, out, _ = module.run_command(["systemctl", "show", "--property=ActiveState,UnitFileState,MainPID", unit])
    return str(out)


def put_in_place(module: AnsibleModule, candidates: list[Candidate], old: list[dict[str, Any]], live: dict[str, Any]) -> None:
    """Replace these files and remove the `old` ones."""
    if not candidates and not old:
        return
    # First of all it is noted that these files are ours: a run that breaks off here leaves nothing behind that nobody knows.
    known = {entry["path"]: entry for entry in live.get("files", []) + ours(candidates)}
    write_recorded_state(module.params["live"], dict(live, files=sorted(known.values(), key=lambda entry: str(entry["path"]))))
    replace(candidates)
    remove(module, old)


def make_ready(module: AnsibleModule, candidates: list[Candidate], live: dict[str, Any]) -> list[str]:
    """Add what the programs need before they can validate; the paths of the files."""
    missing = [each for each in candidates if each.early and each.is_missing()]
    if not module.check_mode:
        for folder in module.params["folders"]:
            os.makedirs(folder, mode=0o755, exist_ok=True)
        put_in_place(module, missing, [], live)
    return [each.path for each in missing]


def actions_of(
    module: AnsibleModule, candidates: list[Candidate], differing: list[Candidate], old: list[dict[str, Any]]
) -> dict[str, str]:
    """What each unit needs."""
    recorded, units = read_recorded_state(module.params["notes"]), module.params["units"]
    wanted, actions = digests(unit_files(candidates), units), {}
    for unit in units:
        stale = {candidate.on_change for candidate in differing if candidate.unit == unit}
        stale |= {entry["on_change"] for entry in old if entry["unit"] == unit}
        state = properties_of(module, unit)
        actions[unit] = action(state, wanted[unit], recorded.get(unit, {}), stale, outlives_reload(unit, state))
    return actions


def require_as_planned(module: AnsibleModule, differs: set[str], actions: dict[str, str]) -> None:
    """End the module where somebody changed the host since the plan was made."""
    planned = module.params["planned"]
    if planned is None:
        return
    other = sorted(differs ^ set(planned["differs"]))
    busy = {unit for unit, each in actions.items() if each != "none"}
    other += sorted(busy ^ {unit for unit, each in planned["actions"].items() if each != "none"})
    if other:
        module.fail_json(msg=f"this host changed since it was looked at ({', '.join(other)}); nothing was replaced: run it again")


def validated(module: AnsibleModule, candidates: list[Candidate], live: dict[str, Any]) -> None:
    """Do `state=validated` and end the module."""
    added = make_ready(module, candidates, live)
    live = read_recorded_state(module.params["live"]) if added else live
    differing, old = [each for each in candidates if each.differs()], leftovers(candidates, live)
    actions = actions_of(module, candidates, differing, old)
    paths = [candidate.path for candidate in differing] + [entry["path"] for entry in old]
    require_as_planned(module, {*paths, *added}, actions)
    validate(module, differing, module.params["checks"])
    needed = bool(paths) or any(each != "none" for each in actions.values())
    module.exit_json(changed=bool(added), differs=paths, actions=actions, needed=needed)


def brought(module: AnsibleModule, candidates: list[Candidate], live: dict[str, Any]) -> None:
    """Do `state=brought` and end the module."""
    given = module.params
    differing, old = [each for each in candidates if each.differs()], leftovers(candidates, live)
    paths = [candidate.path for candidate in differing] + [entry["path"] for entry in old]
    busy = any(each != "none" for each in given["actions"].values())
    if module.check_mode:
        module.exit_json(changed=bool(paths) or busy, differs=paths)
    put_in_place(module, differing, old, live)
    for candidate in differing:
        # A boot makes the files of these; the first run must not wait for one.
        if candidate.path.startswith("/etc/tmpfiles.d/"):
            checked(module.run_command, ["systemd-tmpfiles", "--create", candidate.path])
    health = given["health"]
    port = health["monitor_port"] if health else None
    bring_units(module.run_command, given["units"], given["actions"], port, [each.path for each in candidates], paths)
    found = wait_until_it_serves(module.run_command, ask_haproxy, health) if health else ""
    if found:
        module.fail_json(msg=f"this load balancer does not serve: {found}")
    # Only now: a run that broke off before this line is completed by the next one.
    recorded = read_recorded_state(given["notes"])
    write_recorded_state(given["notes"], dict(recorded, **digests(unit_files(candidates), given["units"])))
    write_recorded_state(given["live"], dict(given["about"], files=ours(candidates)))
    module.exit_json(changed=bool(paths) or busy, differs=paths)


def main() -> None:
    """Read the arguments and do what the state asks."""
    module = AnsibleModule(
        argument_spec={
            "files": {"type": "list", "elements": "dict", "required": True, "options": FILE_OPTIONS},
            "checks": {"type": "list", "elements": "dict", "default": []},
            "units": {"type": "list", "elements": "str", "default": []},
            "state": {"type": "str", "required": True, "choices": ["validated", "brought"]},
            "planned": {"type": "dict"},
            "actions": {"type": "dict", "default": {}},
            "health": {"type": "dict", "options": OPTIONS},
            "folders": {"type": "list", "elements": "path", "default": []},
            "about": {"type": "dict", "default": {}},
            "notes": {"type": "path", "default": "/var/lib/twinkeel/loaded.json"},
            "live": {"type": "path", "default": "/var/lib/twinkeel/live.json"},
            "lock": {"type": "path", "default": PATH},
        },
        supports_check_mode=True,
    )
    candidates = [Candidate(given) for given in module.params["files"]]
    try:
        with at_work(module.params["lock"]) as alone:
            if not alone:
                module.fail_json(msg="another run is still at work on this host; nothing was replaced: run it again")
            live = read_recorded_state(module.params["live"])
            if module.params["state"] == "validated":
                validated(module, candidates, live)
            brought(module, candidates, live)
    except OSError as error:
        module.fail_json(msg=f"{error.strerror}: {error.filename or module.params['live']}")
    except UnitError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
