"""What one Kubespray release supports: read from a fetched release's own files, or taken from our table. A value; pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

# The last line of Ansible that was one package, without collections; and the first that takes a text for a text.
_ONE_PACKAGE = (2, 9)
_TYPED = (2, 19)


@dataclass(frozen=True)
class AnsibleRange:
    """The versions of ansible-core that the playbooks accept: from `least` up to, and without, `below`."""

    least: str
    below: str

    def allows(self, version: str) -> bool:
        """Whether a version lies in the range."""
        return numbers(self.least) <= numbers(version) < numbers(self.below)

    def __str__(self) -> str:
        return f">={self.least},<{self.below}"


@dataclass(frozen=True)
class ReleaseSupport:
    """One release. Versions of Kubernetes have three parts and no v; an empty one is not known.

    `versions` has, for each architecture, those with a checksum (Kubespray downloads nothing else); it is empty when they are not
    known. The release refuses what is older than `lowest`, and installs `default` when nothing is asked for. It aborts where one of
    `removed_variables` is set.

    `pythons` is the oldest and the newest minor version of Python 3 that its Ansible runs with. `playbooks` is the folder of the
    small playbooks (facts.yml) in a checkout, with a slash at its end. `version_prefix` stands before kube_version.
    `stack_switches` says how IPv6 is turned on: by ipv4_stack and ipv6_stack, or (without them) by enable_dual_stack_networks,
    which knows no cluster without IPv4. `read`: the release was fetched here, and this is what its files say.
    """

    tag: str
    ansible: AnsibleRange
    pythons: tuple[int, int]
    version_prefix: str
    stack_switches: bool
    playbooks: str = "playbooks/"
    versions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lowest: str = ""
    default: str = ""
    removed_variables: tuple[str, ...] = ()
    read: bool = False

    @property
    def ansible_2_9(self) -> bool:
        """Whether Ansible is one package, without collections and with older names of its settings."""
        return numbers(self.ansible.least)[:2] <= _ONE_PACKAGE

    @property
    def typed(self) -> bool:
        """Whether its Ansible takes a text for a text: it is no list and no condition."""
        return numbers(self.ansible.least)[:2] >= _TYPED

    def installs(self, version: str) -> Literal["yes", "no", "unknown"]:
        """Whether it installs a version on some architecture; unknown when its versions are not known."""
        if not self.versions:
            return "unknown"
        return "yes" if version in self._installable() else "no"

    def ranges(self) -> tuple[str, ...]:
        """What it installs, newest last, without gaps in any: ("1.33.0 to 1.33.11", "1.34.0", ...)."""
        runs = list(_runs(self._installable()))
        return tuple(first if first == last else f"{first} to {last}" for first, last in runs)

    def _installable(self) -> list[str]:
        every = {version for some in self.versions.values() for version in some}
        return sorted((version for version in every if numbers(version) >= numbers(self.lowest)), key=numbers)


def _runs(versions: list[str]) -> Iterator[tuple[str, str]]:
    """First and last of each run of patch releases, of versions in order."""
    first, last = "", ""
    for version in versions:
        *minor, patch = numbers(version)
        if not last or numbers(last) != (*minor, patch - 1):
            if last:
                yield first, last
            first = version
        last = version
    if last:
        yield first, last


def numbers(version: str) -> tuple[int, ...]:
    """The first three parts of a version as numbers, to compare by. An empty text is less than all; what is no number is 0."""
    parts = version.split(".")[:3] if version else []
    return tuple(int("".join(digit for digit in part if digit in "0123456789") or 0) for part in parts)
