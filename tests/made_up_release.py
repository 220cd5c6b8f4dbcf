"""A checkout with the files that Twinkeel reads of a release, in our own words: releases that nobody has made yet."""

from collections.abc import Mapping, Sequence
from pathlib import Path

CHECKSUM = "sha256:" + "0" * 64
FIRST = "{{ (kubelet_checksums['amd64'] | dict2items)[0].key }}"
LAST = "{{ (kubelet_checksums['amd64'] | dict2items)[-1].key }}"


def newest_first(newest: Mapping[str, int], prefix: str = "") -> list[str]:
    """Every patch release of some minor versions: {"1.37": 2} gives 1.37.2, 1.37.1, 1.37.0."""
    return [f"{prefix}{minor}.{patch}" for minor, last in newest.items() for patch in range(last, -1, -1)]


def checksums(versions: Mapping[str, Sequence[str]], missing: Mapping[str, Sequence[str]] | None = None) -> str:
    """A file of checksums: architecture -> versions, and for `missing` of them a 0 in kubectl's table."""
    lines = ["---"]
    for program in ("kubelet", "kubectl", "kubeadm"):
        lines.append(f"{program}_checksums:")
        for architecture, names in versions.items():
            none = (missing or {}).get(architecture, ()) if program == "kubectl" else ()
            lines += [f"  {architecture}:", *(f"    {name}: {0 if name in none else CHECKSUM}" for name in names)]
    return "\n".join([*lines, "runc_checksums: {amd64: {1.4.0: 0}}", ""])


def settings(default: str = FIRST, lowest: str = LAST, stacks: str = "ipv4_stack: true\nipv6_stack: false") -> str:
    """The role's own settings."""
    return f'---\n# Ours.\nkube_version: "{default}"\n# kube_version: 9.9.9\nkube_version_min_required: "{lowest}"\n{stacks}\n'


def ansible(least: str, below: str) -> str:
    """The playbook that asks which Ansible this is."""
    variables = f"minimal_ansible_version: {least}, maximal_ansible_version: {below}"
    return f"- name: Ask Ansible\n  hosts: all\n  vars: {{{variables}}}\n"


def removed(*names: str) -> str:
    """The task that refuses variables which are gone, after another one in a block."""
    task = f"- name: Refuse\n  vars: {{removed_vars: [{', '.join(names)}]}}\n  assert: {{that: true}}\n"
    return f"- block: [{{debug: {{}}}}]\n{task}"


def newest_release(prefix: str = "") -> dict[str, str]:
    """Path -> text of a release after all that our table has: v2.33.0 with Kubernetes 1.35 to 1.37, written with a prefix."""
    names = newest_first({"1.37": 2, "1.36": 9, "1.35": 12}, prefix)
    return {
        "roles/kubespray_defaults/vars/main/checksums.yml": checksums({"arm64": names, "amd64": names}),
        "roles/kubespray_defaults/defaults/main/main.yml": settings(),
        "roles/validate_inventory/tasks/main.yml": removed("gone_long_ago", "gone_lately"),
        "playbooks/ansible_version.yml": ansible("2.20.0", "2.21.0"),
        "playbooks/facts.yml": "- hosts: all\n",
        "docs/ansible/ansible.md": "| Ansible | Python |\n|---|---|\n| >=2.20.0, <2.21.0 | 3.11-3.14 |\n",
        "requirements.txt": "ansible-core==2.20.3\n",
    }


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """The files below a folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder
