"""What is different between families of operating systems."""

from dataclasses import dataclass


@dataclass(frozen=True)
class OsFamily:
    """One family. `ids` are what ID and ID_LIKE in /etc/os-release say, `package_manager` what `system.packages` calls it.

    `refresh` renews the package lists.
    """

    name: str
    ids: frozenset[str]
    package_manager: str
    refresh: str
