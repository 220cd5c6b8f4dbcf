"""What is known of versions of HAProxy, Keepalived and FRR: the one table. The spec's rules, rendering and preflight read it."""

from typing import Literal, NamedTuple

Program = Literal["haproxy", "keepalived", "frr"]
Version = tuple[int, ...]

NAMES: dict[Program, str] = {"haproxy": "HAProxy", "keepalived": "Keepalived", "frr": "FRR"}

KNOWN: dict[Program, tuple[tuple[int, int], tuple[int, int]]] = {
    "haproxy": ((2, 2), (3, 4)),
    "keepalived": ((2, 1), (2, 4)),
    "frr": ((8, 4), (10, 7)),
}
"""The oldest and the newest release whose keywords were read in its source. HAProxy 2.2 brought `http-check send` and
`http-request return`, Keepalived 2.1 `min_ttl`, `max_ttl` and `vrrp_rlimit_rttime`. A newer one gets the files of the newest."""

LEAST_HMAC: Version = (2, 4, 2)
"""Keepalived 2.4.0 brought `auth_hmac`; 2.4.2 brought `receive-only`, IPv6 and the signed text that later ones share."""


class KnownBad(NamedTuple):
    """A range of versions, both ends included, with what is wrong and where that is known from, and the first without it.

    `result` is what preflight makes of it; the spec's rules only warn. `rule` is False where they say something of their own.
    """

    package: Program
    first: Version
    last: Version
    result: Literal["failure", "warning"]
    what: str
    fixed: str
    rule: bool = True


# Distributions correct security faults without a new version, so those are warnings.
KNOWN_BAD = (
    KnownBad(
        "keepalived", (0,), (2, 0, 9999), "failure", "it lacks what keepalived.conf needs (track_file, TTL checks)", "2.1", False
    ),
    KnownBad("keepalived", (0,), (2, 0, 6), "warning", "CVE-2018-19115, unless the distribution corrected it", "2.0.7", False),
    KnownBad("keepalived", (0,), (2, 2, 4), "warning", "CVE-2021-44225, unless the distribution corrected it", "2.2.5", False),
    KnownBad("haproxy", (0,), (2, 1, 9999), "failure", "it has no http-check send: every API server would be down", "2.2", False),
    KnownBad("haproxy", (2, 2, 9), (2, 2, 13), "failure", "checks stay DOWN until a restart (haproxy issue 1234)", "2.2.14"),
    KnownBad("haproxy", (2, 8, 0), (2, 8, 11), "warning", "TCP sessions leak (haproxy issue 2754)", "2.8.12"),
)


def known_bad(package: str, version: Version) -> tuple[KnownBad, ...]:
    """What is known to be wrong with a version. Three numbers count: 2.8 is 2.8.0."""
    exact = (*version, 0, 0)[:3]
    return tuple(each for each in KNOWN_BAD if each.package == package and (*each.first, 0, 0)[:3] <= exact <= each.last)


def too_old(program: Program, version: Version) -> bool:
    """Whether the files need keywords that it lacks."""
    return version[:2] < KNOWN[program][0]


def unknown_newer(program: Program, version: Version) -> bool:
    """Whether nobody has looked at its keywords yet."""
    return version[:2] > KNOWN[program][1]


def numbers(version: str) -> Version:
    """2.6 -> (2, 6). Raises ValueError for what is no version."""
    return tuple(int(part) for part in version.split("."))


def text(version: Version) -> str:
    """(2, 6) -> 2.6."""
    return ".".join(str(part) for part in version)


def span(program: Program) -> str:
    """As people write it: 2.2 to 3.4."""
    oldest, newest = KNOWN[program]
    return f"{text(oldest)} to {text(newest)}"
