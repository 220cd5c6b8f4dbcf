"""What is known of versions of HAProxy and of the VIP daemon: one table, for rules, rendering and preflight."""

from twinkeel.vip.daemon import KnownBad, Version
from twinkeel.vip.daemons import VIP_DAEMONS

Program = str
"""A program's package, which is its key in the spec, too."""

NAMES: dict[Program, str] = {"haproxy": "HAProxy", **{daemon.section: daemon.name for daemon in VIP_DAEMONS}}

KNOWN: dict[Program, tuple[tuple[int, int], tuple[int, int]]] = {
    "haproxy": ((2, 2), (3, 4)),
    **{daemon.section: daemon.known for daemon in VIP_DAEMONS},
}
"""The oldest and the newest release whose keywords were read in its source. HAProxy 2.2 brought `http-check send` and
`http-request return`. A newer one gets the files of the newest."""

KNOWN_BAD = (
    *(bad for daemon in VIP_DAEMONS for bad in daemon.known_bad),
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
