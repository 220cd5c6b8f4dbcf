"""The playbook that asks a release for its downloads: made to fit the roles that this release has."""

from collections.abc import Mapping, Sequence
from pathlib import Path

# The roles whose variables say what is downloaded and installed. Names have changed over the years; what is there is loaded.
ROLES = (
    *("kubespray_defaults", "kubespray-defaults", "download", "kubernetes/preinstall", "system_packages"),
    *("container-engine/containerd-common", "container-engine/containerd"),
)
# Variables of an operating system stand in files of its name: the most special one counts.
_OS_FILES = (
    "{{ ansible_distribution | lower }}-{{ ansible_distribution_version | lower | replace('/', '_') }}.yml",
    "{{ ansible_distribution | lower }}-{{ ansible_distribution_release | lower }}.yml",
    "{{ ansible_distribution | lower }}-{{ ansible_distribution_major_version | lower | replace('/', '_') }}.yml",
    "{{ ansible_distribution | lower }}.yml",
    "{{ ansible_os_family | lower }}.yml",
)
_CONDITIONAL_PACKAGES = "{{ pkgs | dict2items | selectattr('value', 'ansible.builtin.all') | map(attribute='key') | list }}"
_LISTED_PACKAGES = (
    "{{ (required_pkgs | default([], true)) + (common_required_pkgs | default([], true))"
    " + ((containerd_package_info | default({}, true)).pkgs | default([], true)) }}"
)
_ANSWER = {
    "downloads": "{{ downloads }}",
    "groups": "{{ group_names }}",
    "kube_version": "{{ kube_version }}",
    "kube_image_repo": "{{ kube_image_repo }}",
    "architecture": "{{ image_arch }}",
}


def write_roles(checkout: Path, folder: Path) -> None:
    """The release's roles without their tasks: their variables have the rank that they have in the release, and nothing can run."""
    for role in _roles(checkout):
        target = folder / role
        target.mkdir(parents=True)
        for kind in ("defaults", "vars"):
            if (checkout / "roles" / role / kind).is_dir():
                (target / kind).symlink_to(checkout / "roles" / role / kind)


def needs_playbook(checkout: Path) -> Sequence[Mapping[str, object]]:
    """The playbook, for JSON. It writes `twinkeel_answers`/answer-HOST.json for one host of each kind, and changes nothing else.

    Every task runs on this machine, whose facts (operating system, architecture) stand for the hosts'.
    """
    roles = _roles(checkout)
    tasks: list[Mapping[str, object]] = []
    tasks += [_os_variables(checkout / "roles" / role / "vars") for role in roles if (checkout / "roles" / role / "vars").is_dir()]
    listed = _CONDITIONAL_PACKAGES if _has_conditional_packages(checkout, roles) else _LISTED_PACKAGES
    tasks.append({"name": "Put the answer together", "set_fact": {"twinkeel_answer": {**_ANSWER, "packages": listed}}})
    copy = {"content": "{{ twinkeel_answer | to_json }}", "dest": "{{ twinkeel_answers }}/answer-{{ inventory_hostname }}.json"}
    tasks.append({"name": "Write the answer", "copy": copy})
    hosts = "kube_control_plane[0]:kube_node[0]:etcd[0]"
    return [{"name": "Ask what each kind of host needs", "hosts": hosts, "gather_facts": True, "roles": roles, "tasks": tasks}]


def _roles(checkout: Path) -> list[str]:
    return [role for role in ROLES if (checkout / "roles" / role).is_dir()]


def _os_variables(folder: Path) -> Mapping[str, object]:
    return {
        "name": f"Load the variables for this operating system of {folder.parent.name}",
        "include_vars": "{{ item }}",
        "with_first_found": [{"files": list(_OS_FILES), "paths": [str(folder)], "skip": True}],
    }


def _has_conditional_packages(checkout: Path, roles: Sequence[str]) -> bool:
    paths = (checkout / "roles" / role / "vars" / "main.yml" for role in roles)
    return any("\npkgs:" in path.read_text(encoding="utf-8") for path in paths if path.is_file())
