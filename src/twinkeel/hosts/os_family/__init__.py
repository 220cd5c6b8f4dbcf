"""The families of operating systems that load balancers may have: one file each, and a file beside roles/packages/tasks/main.yml.

Another family is a module here, a line in FAMILIES, and a task file of the name of its package manager.
"""

from collections.abc import Mapping

from twinkeel.hosts.os_family.debian import DEBIAN
from twinkeel.hosts.os_family.model import OsFamily
from twinkeel.hosts.os_family.redhat import RED_HAT

FAMILIES = (DEBIAN, RED_HAT)


def family_of(os_release: Mapping[str, str]) -> OsFamily | None:
    """The family of a host with this /etc/os-release; its own ID counts before those that it says it is like."""
    words = (os_release.get("ID", ""), *os_release.get("ID_LIKE", "").split())
    return next((family for word in words for family in FAMILIES if word in family.ids), None)


def refresh_commands() -> str:
    """What a person types to renew a host's package lists, whichever family it is."""
    return " or ".join(f"`{family.refresh}`" for family in FAMILIES)
