"""The Ansible project that brings the load balancers to the same files without Twinkeel."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import as_file, files
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ruamel.yaml import YAML

from twinkeel.export.export_secrets import other_secrets, without_secrets
from twinkeel.export.write_folder import Content, Written, write_folder
from twinkeel.plan.model import Desired
from twinkeel.render.files import RenderedFile, RenderedFiles
from twinkeel.render.haproxy import CA_PATH, Trust
from twinkeel.render.render import render
from twinkeel.rollout.write_project import INVENTORY, file_entry, inventory_of, ssh_access, write_project
from twinkeel.spec.secrets import Secrets
from twinkeel.topology.model import Topology
from twinkeel.vip.daemons import VRRP_DAEMON

OLDEST_ANSIBLE = "2.16"
HOSTS = "inventory/hosts.yaml"
"""In a folder of its own: AWX reads variables beside the inventory, too, when it imports hosts, and then has no password for
the encrypted ones. Beside the playbook it does not look."""
SECRETS_FILE = "group_vars/load_balancers/secrets.yaml"
SECRETS_HEAD = (
    f"# Lines of rendered files that hold a password. Encrypt this file: ansible-vault encrypt {SECRETS_FILE}\n"
    "# yamllint disable rule:line-length\n"
)
SECRETS_ROW = (
    f"| `{SECRETS_FILE}` | every line that holds a password, mode 0600. Encrypt it with `ansible-vault encrypt`, "
    "then run with `--ask-vault-pass` |\n"
)
# What only `twinkeel apply` and `rollback` use.
NOT_EXPORTED = ("apply.yml", "give_back.yml", "keep.yml", "rollout.yml", "undo.yml", "action_plugins/turn.py")
TRUSTS: tuple[Trust, ...] = ("verified", "bootstrap")

# Decided when the project runs: what the hosts say then.
RUN_TIME = {
    "authority_answers": (
        "{{ groups['control_plane'] | map('extract', hostvars) | selectattr('authority_read.content', 'defined') }}"
    ),
    "authority_unknown": (
        "{{ groups['control_plane'] | map('extract', hostvars) | selectattr('authority_places', 'undefined') "
        "| map(attribute='inventory_hostname') "
        "+ groups['control_plane'] | map('extract', hostvars) | selectattr('authority_places', 'defined') "
        "| selectattr('authority_places.unreachable', 'defined') | map(attribute='inventory_hostname') }}"
    ),
    "cluster_ca": "{{ (authority_answers | first).authority_read.content | b64decode if authority_answers | length > 0 else '' }}",
    "trust": "{{ 'verified' if cluster_ca | length > 0 else 'bootstrap' }}",
    "serves": "{{ cluster_ca | length > 0 }}",
    "early_files": "{{ authority_files if cluster_ca | length > 0 else [] }}",
}
"""Group variables that are templates."""


@dataclass(frozen=True)
class Exported:
    """What was written; `secrets` says whether the project needs its secrets file."""

    written: Written
    secrets: bool


def export_project(topology: Topology, secrets: Secrets, folder: Path) -> Exported:
    """Write the project; the same spec and secrets give the same bytes.

    Raises:
        UsageError: the folder holds something that we did not write.
        ToolError: it cannot be written.
    """
    taken_out: dict[str, str] = {}
    rendered = {trust: _rendered(topology, trust, secrets, taken_out) for trust in TRUSTS}
    wanted = Desired(rendered["verified"], None, "verified")
    with TemporaryDirectory(prefix="twinkeel-") as name:
        project = Path(name) / "project"
        write_project(project, topology, wanted)
        contents = {
            str(path.relative_to(project)): Content(path.read_bytes()) for path in sorted(project.rglob("*")) if path.is_file()
        }
    for path in NOT_EXPORTED:
        del contents[path]
    contents |= _own_files(topology, secrets=bool(taken_out))
    contents["work.yml"] = _changed(contents["work.yml"], "hosts: load_balancers", "hosts: standby_first")
    contents["ansible.cfg"] = _changed(contents["ansible.cfg"], f"inventory = {INVENTORY}\n", f"inventory = {HOSTS}\n")
    del contents[INVENTORY]
    contents |= _variables(topology, inventory_of(topology, wanted)["load_balancers"], rendered)
    for path, content in _files_by_trust(rendered).items():
        contents[f"files/{path}"] = content
        contents.pop("files/" + path.split("/", 1)[1], None)
    if taken_out:
        contents[SECRETS_FILE] = Content(_yaml({"secret_lines": taken_out}, SECRETS_HEAD), private=True)
    return Exported(write_folder(folder, dict(sorted(contents.items()))), bool(taken_out))


def _rendered(topology: Topology, trust: Trust, secrets: Secrets, taken_out: dict[str, str]) -> RenderedFiles:
    return without_secrets(render(topology, trust, secrets), render(topology, trust, other_secrets(secrets)), taken_out)


def _own_files(topology: Topology, *, secrets: bool) -> dict[str, Content]:
    """The playbook and roles that only an exported project has, and its README.md."""
    contents = {}
    with as_file(files("twinkeel.export") / "exported") as source:
        for path in sorted(source.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                contents[str(path.relative_to(source))] = path.read_text(encoding="utf-8")
    hosts = "\n".join(f"- {each.machine.name}: {each.machine.address}" for each in topology.load_balancers)
    values = {
        "@NAME@": topology.name,
        "@HOSTS@": hosts,
        "@ANSIBLE@": OLDEST_ANSIBLE,
        "@VIP_DAEMON@": VRRP_DAEMON.unit,
        "@SECRETS@": SECRETS_ROW if secrets else "",
    }
    for mark, value in values.items():
        contents["README.md"] = contents["README.md"].replace(mark, value)
    return {path: Content(text.encode()) for path, text in contents.items()}


def _changed(content: Content, before: str, after: str) -> Content:
    """A file of a run with what an exported project has otherwise."""
    text = content.data.decode()
    if text.count(before) != 1:
        raise AssertionError(f"export knows a file with one {before!r}")
    return Content(text.replace(before, after).encode())


def _variables(topology: Topology, group: Mapping[str, Any], rendered: Mapping[Trust, RenderedFiles]) -> dict[str, Content]:
    """The inventory with access alone; what the roles are told in group_vars and host_vars."""
    contents, hosts = {}, {}
    for name, variables in group["hosts"].items():
        hosts[name] = {key: value for key, value in variables.items() if key.startswith("ansible_")}
        kept = {key: value for key, value in variables.items() if not key.startswith("ansible_") and key != "early_files"}
        differing = _differing(rendered, name)
        for entry in kept["rendered_files"]:
            if entry["path"] in differing:
                entry["src"] = "{{ trust }}/" + entry["src"]
        authority = {**file_entry(name, RenderedFile(CA_PATH, "")), "text": "{{ cluster_ca }}"}
        del authority["src"]
        contents[f"host_vars/{name}.yaml"] = Content(_yaml({**kept, "authority_files": [authority]}))
    masters = {machine.name: ssh_access(machine) for machine in topology.control_plane}
    contents[HOSTS] = Content(_yaml({"load_balancers": {"hosts": hosts}, "control_plane": {"hosts": masters}}))
    common = {**group["vars"], "about": {"who": "ansible-playbook", "command": "ansible-playbook site.yml"}, **RUN_TIME}
    contents["group_vars/load_balancers/main.yaml"] = Content(_yaml(common))
    return contents


def _differing(rendered: Mapping[Trust, RenderedFiles], name: str) -> set[str]:
    """Paths of the files that are others before the cluster's authority is known."""
    verified, bootstrap = (rendered[trust].hosts[name] for trust in TRUSTS)
    return {file.path for file, twin in zip(verified, bootstrap, strict=True) if file.content != twin.content}


def _files_by_trust(rendered: Mapping[Trust, RenderedFiles]) -> dict[str, Content]:
    return {
        f"{trust}/{name}{file.path}": Content(file.content.encode())
        for trust in TRUSTS
        for name, host_files in rendered[trust].hosts.items()
        for file in host_files
        if file.path in _differing(rendered, name)
    }


def _yaml(document: Mapping[str, Any], head: str = "") -> bytes:
    stream, writer = StringIO(), YAML()
    writer.explicit_start = True
    writer.indent(mapping=2, sequence=4, offset=2)
    writer.width = 140
    stream.write(head)
    writer.dump(document, stream)
    return stream.getvalue().encode()
