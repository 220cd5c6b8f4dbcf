"""What a release supports, read from a checkout of it. Our table stands in for what its files do not say."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from twinkeel.kubespray.role_variables import read_text, read_variables, read_yaml
from twinkeel.spec.kubespray_releases import table_support
from twinkeel.spec.release_support import AnsibleRange, ReleaseSupport, numbers

# A node needs all three.
CHECKSUMS = ("kubelet_checksums", "kubeadm_checksums", "kubectl_checksums")
DEFAULT, LOWEST = "kube_version", "kube_version_min_required"
STACKS = ("ipv4_stack", "ipv6_stack", "enable_dual_stack_networks")
# Where the list of removed variables may stand: in a role of its own, or in the one before it.
VALIDATIONS = ("roles/validate_inventory/tasks", "roles/kubernetes/preinstall/tasks")
REMOVED = "removed_vars"
ANSIBLE = ("minimal_ansible_version", "maximal_ansible_version")
PYTHONS = "docs/ansible/ansible.md"

_VERSION = re.compile(r"v?([0-9]+\.[0-9]+\.[0-9]+)")
# The only expression that releases have used: the first or the last version with a checksum, in the order of the file.
_FIRST_OR_LAST = re.compile(r"\{\{\s*\(\s*kubelet_checksums\['(\w+)'\]\s*\|\s*dict2items\s*\)\[(0|-1)\]\.key\s*\}\}")
_PYTHON_ROW = re.compile(r"^\|[^|\n]+\|\s*3\.([0-9]+)\s*-\s*3\.([0-9]+)\s*\|", re.MULTILINE)


def read_support(tag: str, checkout: Path) -> ReleaseSupport:
    """What the release of a tag supports. Never raises: what cannot be read is what the table says, or is not known."""
    variables = read_variables(checkout, {*CHECKSUMS, DEFAULT, LOWEST, *STACKS})
    release = replace(table_support(tag), tag=tag, read=True)
    checksums = variables.get(CHECKSUMS[0])
    versions = dict(_versions([variables.get(name) for name in CHECKSUMS]))
    if versions and isinstance(checksums, dict):
        prefix = "v" if any(name.startswith("v") for name in _names(checksums)) else ""
        default, lowest = (_version(variables.get(name), checksums) for name in (DEFAULT, LOWEST))
        release = replace(release, versions=versions, version_prefix=prefix, default=default, lowest=lowest)
    if any(name in variables for name in STACKS):
        release = replace(release, stack_switches="ipv6_stack" in variables)
    ansible, pythons = read_ansible(checkout), _pythons(checkout)
    return replace(
        release,
        ansible=ansible or release.ansible,
        pythons=pythons or release.pythons,
        playbooks=_playbooks(checkout, release.playbooks),
        removed_variables=tuple(_removed(checkout)),
    )


def read_ansible(checkout: Path) -> AnsibleRange | None:
    """The versions of ansible-core that the playbooks accept; None when the release does not say it."""
    plays = read_yaml(read_text(ansible_version_file(checkout)))
    given = plays[0].get("vars") if isinstance(plays, list) and plays and isinstance(plays[0], dict) else None
    least, below = (given.get(name) if isinstance(given, dict) else None for name in ANSIBLE)
    return AnsibleRange(least, below) if isinstance(least, str) and isinstance(below, str) else None


def ansible_version_file(checkout: Path) -> Path:
    """Where the release says it: in playbooks/, at the top in old releases."""
    path, old = checkout / "playbooks" / "ansible_version.yml", checkout / "ansible_version.yml"
    return old if old.exists() and not path.exists() else path


def _versions(tables: Sequence[object]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each architecture with the versions that every table has a checksum of, newest first; 0 stands for none."""
    first, *others = (table if isinstance(table, dict) else {} for table in tables)
    for architecture in first:
        common = set(_with_checksum(first, architecture)).intersection(*(_with_checksum(other, architecture) for other in others))
        if common:
            yield architecture, tuple(sorted(common, key=numbers, reverse=True))


def _with_checksum(table: Mapping[str, Any], architecture: str) -> Iterator[str]:
    given = table.get(architecture)
    for name, checksum in given.items() if isinstance(given, dict) else ():
        version = _VERSION.fullmatch(name)
        if version and checksum not in ("", "0", None):
            yield version[1]


def _names(checksums: Mapping[str, Any]) -> Iterator[str]:
    for given in checksums.values():
        yield from given if isinstance(given, dict) else ()


def _version(given: object, checksums: Mapping[str, Any]) -> str:
    """A version that is written down, or that the expression names; empty for anything else."""
    text = str(given).strip()
    expression = _FIRST_OR_LAST.fullmatch(text)
    if expression:
        names = checksums.get(expression[1])
        text = list(names)[int(expression[2])] if isinstance(names, dict) and names else ""
    version = _VERSION.fullmatch(text)
    return version[1] if version else ""


def _pythons(checkout: Path) -> tuple[int, int] | None:
    """The oldest and the newest minor version of Python 3 of the release's own table; None when it has none."""
    row = _PYTHON_ROW.search(read_text(checkout / PYTHONS))
    return (int(row[1]), int(row[2])) if row else None


def _playbooks(checkout: Path, otherwise: str) -> str:
    places = (place for place in ("playbooks/", "") if (checkout / f"{place}facts.yml").is_file())
    return next(places, otherwise)


def _removed(checkout: Path) -> Iterator[str]:
    for place in VALIDATIONS:
        for path in sorted((checkout / place).glob("*.y*ml")):
            text = read_text(path)
            if REMOVED in text:
                yield from _removed_by(read_yaml(text))


def _removed_by(tasks: object) -> Iterator[str]:
    for task in tasks if isinstance(tasks, list) else ():
        given = task.get("vars") if isinstance(task, dict) else None
        names = given.get(REMOVED) if isinstance(given, dict) else None
        yield from (name for name in names if isinstance(name, str)) if isinstance(names, list) else ()
        yield from _removed_by(task.get("block") if isinstance(task, dict) else None)
