"""A self-contained Ansible project: Twinkeel's roles, an inventory, and every rendered file."""

import os
import shlex
import shutil
from collections.abc import Mapping, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from twinkeel.plan.model import Desired, HostPlan, Plan
from twinkeel.render.files import RenderedFile
from twinkeel.render.firewall import SELINUX_BOOLEANS
from twinkeel.render.services import packages_of, reader_of, units
from twinkeel.render.validate import host_checks
from twinkeel.spec.model import MONITOR_PORT
from twinkeel.topology.model import Machine, Topology
from twinkeel.vip.daemons import VRRP_DAEMON

PLAYBOOK = "apply.yml"
INVENTORY = "inventory.yaml"

PARTS = ("candidate_files.py", "keep_generation.py", "balancer_units.py", "balancer_health.py")
# Parts of the modules on the hosts; the first two decide, as `plan` does.
SHARED = (
    ("twinkeel.plan", "unit_actions.py"),
    ("twinkeel.observe.host_programs", "reload_safety.py"),
    *(("twinkeel.hosts.host_programs", name) for name in ("haproxy_socket.py", "work_lock.py")),
    *(("twinkeel.rollout.host_programs", name) for name in PARTS),
)

SSH_ARGS = "-o ControlMaster=auto -o ControlPersist=30s -o ConnectTimeout=5 -o ServerAliveInterval=5 -o ServerAliveCountMax=3"
ANSIBLE_CFG = f"""\
# Only what this project needs; nothing of the user's own Ansible counts.
[defaults]
inventory = inventory.yaml
roles_path = roles
library = library
module_utils = module_utils
action_plugins = action_plugins
gathering = explicit
interpreter_python = /usr/bin/python3
host_key_checking = True
forks = 10
timeout = 10

[ssh_connection]
pipelining = True
ssh_args = {SSH_ARGS}
"""


def write_project(
    folder: Path,
    topology: Topology,
    wanted: Desired,
    made: Plan | None = None,
    about: Mapping[str, str] | None = None,
    variables: Mapping[str, Any] | None = None,
) -> None:
    """Write the project into an empty folder; the caller keeps the folder private.

    Args:
        made: what is to be done, in its order of work; None where the roles find out.
        about: what is noted on the hosts of who did this: when, who, command, files.
        variables: more that all hosts share.
    """
    copy_roles(folder)
    inventory = inventory_of(topology, wanted, made, about, variables)
    for name in inventory["load_balancers"]["hosts"]:
        for file in wanted.files_of(name):
            target = folder / "files" / _source(name, file)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(file.content, encoding="utf-8")
    with (folder / INVENTORY).open("w", encoding="utf-8") as stream:
        YAML().dump(inventory, stream)


def copy_roles(folder: Path) -> None:
    """Playbooks, roles, modules and their parts, and Ansible's settings."""
    with as_file(files("twinkeel.rollout") / "ansible") as source:
        shutil.copytree(source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "module_utils").mkdir()
    for package, name in SHARED:
        with as_file(files(package) / name) as source:
            shutil.copy(source, folder / "module_utils")
    (folder / "ansible.cfg").write_text(ANSIBLE_CFG, encoding="utf-8")


def inventory_of(
    topology: Topology,
    wanted: Desired,
    made: Plan | None = None,
    about: Mapping[str, str] | None = None,
    variables: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The inventory: see `write_project`. Without a plan the hosts stand in the spec's order."""
    machines = {balancer.machine.name: balancer.machine for balancer in topology.load_balancers}
    order = [host.name for host in made.hosts] if made is not None else list(machines)
    plans = {host.name: planned(host) for host in made.hosts} if made is not None else {}
    hosts = {name: {**_host(machines[name], wanted, units(topology)), **plans.get(name, {})} for name in order}
    common = {**_common(topology), "about": dict(about or {}), "serves": False, **(variables or {})}
    return {"load_balancers": {"hosts": hosts, "vars": common}}


def planned(host: HostPlan) -> dict[str, Any]:
    """What the roles are told of a host's plan: `planned` is what it must still be like, `candidates` what is to be done."""
    known = {"differs": [change.path for change in host.replaced], "actions": dict(host.actions or {})}
    return {"planned": known, "candidates": {**known, "needed": host.has_changes}}


def _common(topology: Topology) -> dict[str, Any]:
    """Variables that all load balancers share."""
    return {
        "packages": list(packages_of(topology)),
        "package_manager": topology.system.packages,
        "health": {
            "monitor_port": MONITOR_PORT,
            "name": topology.endpoint.name,
            "port": topology.endpoint.port,
            # Of /readyz; 0 takes any.
            "status": topology.cluster.anonymous_status or 0,
            "serves": "{{ serves }}",
            "units": list(units(topology)),
        },
        "selinux_booleans": list(SELINUX_BOOLEANS) if topology.system.selinux == "auto" else [],
        "announced": topology.bgp is not None,
        "vrrp_daemon": {"unit": VRRP_DAEMON.unit, "config_path": VRRP_DAEMON.config_path},
        "checks": host_checks(),
        "virtual_ips": [str(vip.ip) for vip in topology.endpoint.vips],
    }


def _host(machine: Machine, wanted: Desired, services: Sequence[str]) -> dict[str, Any]:
    rendered = wanted.rendered.hosts[machine.name]
    early = [file for file in wanted.files_of(machine.name) if file not in rendered]
    entries = [file_entry(machine.name, file) for file in rendered]
    more = {entry["unit"]: None for entry in entries if "unit" in entry and entry["unit"] not in services}
    return {
        **ssh_access(machine),
        "early_files": [file_entry(machine.name, file) for file in early],
        "rendered_files": entries,
        "units": [*more, *services],
    }


def ssh_access(machine: Machine) -> dict[str, Any]:
    """Ansible's variables for reaching a host as the spec says: strict about host keys."""
    options = ["BatchMode=yes", "StrictHostKeyChecking=yes"]
    if machine.ssh.known_hosts_file is not None:
        options += [f'UserKnownHostsFile="{machine.ssh.known_hosts_file}"', "GlobalKnownHostsFile=/dev/null"]
    access: dict[str, Any] = {
        "ansible_host": str(machine.ssh_address),
        "ansible_port": machine.ssh.port,
        "ansible_user": machine.ssh.user,
        "ansible_become": machine.ssh.user != "root",
        # Stronger than ANSIBLE_HOST_KEY_CHECKING: ansible-runner turns that off, and ssh's first word about it counts.
        "ansible_host_key_checking": True,
    }
    if machine.ssh.identity_file is not None:
        options.append("IdentitiesOnly=yes")
        access["ansible_ssh_private_key_file"] = machine.ssh.identity_file
    access["ansible_ssh_common_args"] = shlex.join(part for option in options for part in ("-o", option))
    return access


def file_entry(host: str, file: RenderedFile) -> dict[str, Any]:
    """What the roles are told of one file: where it lies here and there, its rights, and the service that reads it."""
    entry = {"path": file.path, "src": _source(host, file), "mode": f"{file.mode:04o}", "owner": file.owner, "group": file.group}
    unit, on_change = reader_of(file.path)
    return entry if unit is None else {**entry, "unit": unit, "on_change": on_change}


def _source(host: str, file: RenderedFile) -> str:
    return os.path.join(host, file.path.lstrip("/"))
