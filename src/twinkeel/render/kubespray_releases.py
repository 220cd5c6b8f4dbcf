"""What differs between Kubespray's release lines. Everything that differs stands here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReleaseLine:
    """One release line.

    `version_prefix` stands before kube_version. `stack_switches` says how IPv6 is turned on: ipv4_stack and ipv6_stack, or
    (without them) enable_dual_stack_networks, which knows no cluster without IPv4. `pythons` is the oldest and the newest minor
    version of Python 3 that its Ansible runs with. `ansible_2_9`: playbooks lie at the top of the checkout, and Ansible is one
    package, without collections and with older names of its settings.
    """

    line: tuple[int, int]
    version_prefix: str
    stack_switches: bool
    pythons: tuple[int, int]
    ansible_2_9: bool = False

    @property
    def playbooks(self) -> str:
        """The folder of the small playbooks (facts.yml, ansible_version.yml) in a checkout, with a slash at its end."""
        return "" if self.ansible_2_9 else "playbooks/"


# Read from each line's roles/kubespray(-|_)defaults/defaults/main/main.yml and its requirements.txt; Python from Ansible's own
# "releases and maintenance" table. Version 2.16 is out of Kubespray's support: see docs/kubespray.md for what it is good for.
LINES = (
    ReleaseLine((2, 16), version_prefix="v", stack_switches=False, pythons=(6, 8), ansible_2_9=True),
    ReleaseLine((2, 26), version_prefix="v", stack_switches=False, pythons=(10, 12)),
    ReleaseLine((2, 27), version_prefix="v", stack_switches=False, pythons=(10, 12)),
    ReleaseLine((2, 28), version_prefix="", stack_switches=True, pythons=(10, 12)),
    ReleaseLine((2, 29), version_prefix="", stack_switches=True, pythons=(10, 12)),
    ReleaseLine((2, 30), version_prefix="", stack_switches=True, pythons=(10, 12)),
    ReleaseLine((2, 31), version_prefix="", stack_switches=True, pythons=(11, 13)),
    ReleaseLine((2, 32), version_prefix="", stack_switches=True, pythons=(11, 13)),
)


def release_line(tag: str) -> ReleaseLine:
    """The line of a tag (v2.31.0). A tag that is newer than all, or no version at all (a branch), counts as the newest line."""
    numbers = tag.removeprefix("v").split(".")[:2]
    if len(numbers) != 2 or not all(number.isdecimal() for number in numbers):
        return LINES[-1]
    wanted = (int(numbers[0]), int(numbers[1]))
    return next((line for line in LINES if line.line >= wanted), LINES[-1])
