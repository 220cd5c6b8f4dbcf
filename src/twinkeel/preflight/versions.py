"""Versions of HAProxy and Keepalived: how they are compared, and which are known to be bad."""

import re
from dataclasses import dataclass
from typing import Literal

from twinkeel.topology.model import Version


@dataclass(frozen=True)
class KnownBad:
    """A range of versions, both ends included, with what is wrong and where that is known from."""

    package: str
    first: Version
    last: Version
    result: Literal["failure", "warning"]
    what: str


# Distributions correct security faults without a new version, so those are warnings.
KNOWN_BAD = (
    KnownBad("keepalived", (0,), (2, 0, 9999), "failure", "it lacks what our keepalived.conf needs (track_file, TTL checks)"),
    KnownBad("keepalived", (0,), (2, 0, 6), "warning", "CVE-2018-19115, unless the distribution corrected it"),
    KnownBad("keepalived", (0,), (2, 2, 4), "warning", "CVE-2021-44225, unless the distribution corrected it"),
    KnownBad("haproxy", (0,), (2, 1, 9999), "failure", "it has no http-check send: every API server would be down"),
    KnownBad("haproxy", (2, 2, 9), (2, 2, 13), "failure", "checks stay DOWN until a restart (haproxy issue 1234)"),
    KnownBad("haproxy", (2, 8, 0), (2, 8, 11), "warning", "TCP sessions leak (haproxy issue 2754)"),
)


def parse_version(text: str) -> Version:
    """The upstream numbers of a package's version: `1:2.2.7-1+b2` gives (2, 2, 7). Empty when there are none."""
    found = re.match(r"(?:\d+:)?v?(\d+(?:\.\d+)*)", text.strip())
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def known_bad(package: str, version: Version) -> tuple[KnownBad, ...]:
    """What is known to be wrong with a version. Three numbers count: 2.8 is 2.8.0."""
    exact = (*version, 0, 0)[:3]
    return tuple(each for each in KNOWN_BAD if each.package == package and (*each.first, 0, 0)[:3] <= exact <= each.last)


def shown(version: Version) -> str:
    """As people write it."""
    return ".".join(map(str, version))
