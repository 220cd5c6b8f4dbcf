"""What our inventory writes differently for Kubespray's release lines. Everything that differs stands here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReleaseLine:
    """One release line.

    `version_prefix` stands before kube_version. `stack_switches` says how IPv6 is turned on: ipv4_stack and ipv6_stack, or
    (without them) enable_dual_stack_networks, which knows no cluster without IPv4.
    """

    line: tuple[int, int]
    version_prefix: str
    stack_switches: bool


# Read from each line's roles/kubespray(-|_)defaults/defaults/main/main.yml.
LINES = (
    ReleaseLine((2, 26), version_prefix="v", stack_switches=False),
    ReleaseLine((2, 27), version_prefix="v", stack_switches=False),
    ReleaseLine((2, 28), version_prefix="", stack_switches=True),
    ReleaseLine((2, 29), version_prefix="", stack_switches=True),
    ReleaseLine((2, 30), version_prefix="", stack_switches=True),
    ReleaseLine((2, 31), version_prefix="", stack_switches=True),
)


def release_line(tag: str) -> ReleaseLine:
    """The line of a tag (v2.31.0). A tag that is newer than all, or no version at all (a branch), counts as the newest line."""
    numbers = tag.removeprefix("v").split(".")[:2]
    if len(numbers) != 2 or not all(number.isdecimal() for number in numbers):
        return LINES[-1]
    wanted = (int(numbers[0]), int(numbers[1]))
    return next((line for line in LINES if line.line >= wanted), LINES[-1])
