"""Kubespray's releases as far as Twinkeel knows them by itself: for a release that was not fetched, and for what cannot be read.

What a fetched release supports is read from its own files (twinkeel.kubespray.read_support).
"""

import re
from typing import NamedTuple

from twinkeel.spec.release_support import AnsibleRange, ReleaseSupport

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
"""Kubespray tag -> minor version of Kubernetes -> its newest patch release there, from 0 without a gap. Oldest tag first."""

# Releases whose default is not the newest version that they install.
_DEFAULTS = {"v2.16.0": "1.20.7"}

# Variables that a release refuses by name; v2.32.0 as RELEASES has it.
_REMOVED = {"v2.31.0": ("kubelet_static_pod_path",), "v2.32.0": ("kubelet_static_pod_path", "eviction_hard_control_plane")}

REFUSES_IPV6 = ("v2.32.0",)
"""Tags whose own validation refuses every cluster with IPv6 (Kubespray issue 13547)."""


class ReleaseLine(NamedTuple):
    """What the releases of one line have in common; the fields are those of ReleaseSupport."""

    line: tuple[int, int]
    ansible: AnsibleRange
    pythons: tuple[int, int]
    version_prefix: str = ""
    stack_switches: bool = True
    playbooks: str = "playbooks/"


# Python of 2.16, whose files do not say it, is from Ansible's own "releases and maintenance" table. Ansible of 2.32 is from an
# issue's thread, as the tag was not to be had.
LINES = (
    ReleaseLine((2, 16), AnsibleRange("2.9.0", "2.11.0"), (6, 8), version_prefix="v", stack_switches=False, playbooks=""),
    ReleaseLine((2, 26), AnsibleRange("2.16.4", "2.17.0"), (10, 12), version_prefix="v", stack_switches=False),
    ReleaseLine((2, 27), AnsibleRange("2.16.4", "2.17.0"), (10, 12), version_prefix="v", stack_switches=False),
    ReleaseLine((2, 28), AnsibleRange("2.16.4", "2.17.0"), (10, 12)),
    ReleaseLine((2, 29), AnsibleRange("2.17.3", "2.18.0"), (10, 12)),
    ReleaseLine((2, 30), AnsibleRange("2.17.3", "2.18.0"), (10, 12)),
    ReleaseLine((2, 31), AnsibleRange("2.18.0", "2.19.0"), (11, 13)),
    ReleaseLine((2, 32), AnsibleRange("2.19.0", "2.20.0"), (11, 13)),
)


def release_line(tag: str) -> ReleaseLine:
    """The line of a tag (v2.31.0). A tag that is newer than all, or no version at all (a branch), counts as the newest line."""
    found = re.match(r"v?([0-9]{1,9})\.([0-9]{1,9})(\.|$)", tag)
    wanted = (int(found[1]), int(found[2])) if found else LINES[-1].line
    return next((line for line in LINES if line.line >= wanted), LINES[-1])


def table_support(tag: str) -> ReleaseSupport:
    """What our table says of a tag. One that it does not have is taken for one of its line, and its versions are not known."""
    line = release_line(tag)
    newest = RELEASES.get(tag, {})
    versions = tuple(f"{minor}.{patch}" for minor, last in reversed(newest.items()) for patch in range(last, -1, -1))
    return ReleaseSupport(
        tag=tag,
        ansible=line.ansible,
        pythons=line.pythons,
        version_prefix=line.version_prefix,
        stack_switches=line.stack_switches,
        playbooks=line.playbooks,
        versions={"amd64": versions} if versions else {},
        lowest=versions[-1] if versions else "",
        default=_DEFAULTS.get(tag, versions[0] if versions else ""),
        removed_variables=_REMOVED.get(tag, ()),
    )
