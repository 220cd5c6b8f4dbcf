"""Variables that a release has removed: it aborts minutes later when one is set. Read from the release's own validation."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from twinkeel.errors import UsageError
from twinkeel.topology.model import Topology

# Since v2.29; the role was a part of kubernetes/preinstall before, and named no removed variables.
VALIDATION = Path("roles/validate_inventory/tasks/main.yml")
LIST = "removed_vars"


def removed_variables(checkout: Path) -> frozenset[str]:
    """The names that a checkout's validation refuses; none when it has no such list, or one that cannot be read."""
    try:
        tasks = YAML(typ="safe").load((checkout / VALIDATION).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError):
        return frozenset()
    return frozenset(_names(tasks if isinstance(tasks, list) else []))


def _names(tasks: list[Any]) -> Iterator[str]:
    for task in tasks:
        given = task.get("vars") if isinstance(task, Mapping) else None
        names = given.get(LIST) if isinstance(given, Mapping) else None
        yield from (str(name) for name in names) if isinstance(names, list) else ()


def guard_variables(topology: Topology, checkout: Path) -> None:
    """Refuse variables that the release would refuse.

    Raises:
        UsageError: kubernetes.variables holds one.
    """
    found = sorted(removed_variables(checkout) & topology.cluster.variables.keys())
    if found:
        raise UsageError(
            f"Kubespray {topology.cluster.kubespray} has removed {', '.join(found)}, and aborts where it is set",
            where=f"kubernetes.variables ({checkout / VALIDATION})",
            hint="delete it; that file says what takes its place",
        )
