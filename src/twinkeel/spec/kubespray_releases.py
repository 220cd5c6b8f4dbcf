"""Which Kubernetes versions each Kubespray release can install.

Kubespray downloads only what it has a checksum of. Read from each tag's `checksums.yml` (`kubelet_checksums`, amd64): there the
patch releases of every minor version go from 0 to the number below, without a gap.
"""

from typing import Literal

RELEASES: dict[str, dict[str, int]] = {
    # Out of Kubespray's support: it is here for an installation from Debian's own packages alone (docs/kubespray.md).
    "v2.16.0": {"1.19": 11, "1.20": 7, "1.21": 1},
    "v2.26.0": {"1.28": 12, "1.29": 7, "1.30": 4},
    "v2.26.1": {"1.28": 15, "1.29": 10, "1.30": 6},
    "v2.27.0": {"1.29": 12, "1.30": 8, "1.31": 4},
    "v2.27.1": {"1.29": 15, "1.30": 13, "1.31": 9},
    "v2.28.0": {"1.30": 13, "1.31": 9, "1.32": 5},
    "v2.28.1": {"1.30": 14, "1.31": 12, "1.32": 8},
    "v2.29.0": {"1.31": 13, "1.32": 9, "1.33": 5},
    "v2.29.1": {"1.31": 14, "1.32": 10, "1.33": 7},
    "v2.30.0": {"1.32": 11, "1.33": 7, "1.34": 3},
    "v2.31.0": {"1.33": 11, "1.34": 7, "1.35": 4},
    # Read from master of 2026-08-21, whose newest version is the tag's default, 1.36.4; the tag itself was not to be had.
    "v2.32.0": {"1.34": 11, "1.35": 8, "1.36": 4},
}
"""Kubespray tag -> minor version of Kubernetes -> its newest patch release there. Oldest tag first."""

REFUSES_IPV6 = ("v2.32.0",)
"""Tags whose own validation refuses every cluster with IPv6 (Kubespray issue 13547)."""

TYPED_SINCE = (2, 32)
"""The first release line whose Ansible (core 2.19) takes a text for a text: it is no list and no condition."""

IPV6_ALONE_SINCE = (2, 28)
"""The first release line that has ipv4_stack and ipv6_stack, and so clusters without IPv4."""


def ranges(tag: str) -> tuple[str, ...]:
    """What a known tag installs, newest last: ("1.33.0 to 1.33.11", ...). Raises KeyError for a tag that is not known here."""
    return tuple(f"{minor}.0 to {minor}.{newest}" for minor, newest in RELEASES[tag].items())


def knows(tag: str, version: str) -> Literal["yes", "no", "unknown"]:
    """Whether a Kubespray tag can install a Kubernetes version of three parts without a v; unknown for a tag not listed here."""
    if tag not in RELEASES:
        return "unknown"
    minor, _, patch = version.rpartition(".")
    return "yes" if patch.isdecimal() and int(patch) <= RELEASES[tag].get(minor, -1) else "no"


def knows_ipv6_alone(tag: str) -> bool:
    """Whether a tag installs clusters without IPv4. One that is no version (a branch) counts as newer than all."""
    return _is_since(tag, IPV6_ALONE_SINCE)


def is_typed(tag: str) -> bool:
    """Whether a tag's Ansible refuses texts in conditions. One that is no version (a branch) counts as newer than all."""
    return _is_since(tag, TYPED_SINCE)


def _is_since(tag: str, line: tuple[int, int]) -> bool:
    numbers = tag.removeprefix("v").split(".")[:2]
    return not all(number.isdecimal() for number in numbers) or tuple(map(int, numbers)) >= line
