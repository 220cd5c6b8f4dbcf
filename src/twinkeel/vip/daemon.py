"""What every layer may know of a VIP daemon (VRRP or BGP). The types; each mechanism's folder has its own values.

This module and the values import nothing of ours, so that the spec's rules, the topology and rendering can read them, too.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

Version = tuple[int, ...]


class KnownBad(NamedTuple):
    """A range of versions, both ends included, with what is wrong and where that is known from, and the first without it.

    `result` is what preflight makes of it; the spec's rules only warn. `rule` is False where they say something of their own.
    """

    package: str
    first: Version
    last: Version
    result: Literal["failure", "warning"]
    what: str
    fixed: str
    rule: bool = True


class SecurityFix(NamedTuple):
    """The first version without a hole, and the hole's id."""

    version: Version
    hole: str


class LostAddress(NamedTuple):
    """What a daemon does when somebody else removes its address, for a person, and where that is known from."""

    what: str
    issue: str


@dataclass(frozen=True)
class VipDaemon:
    """`name` is what people call it, `unit` its systemd unit and package, `config_path` the file that it reads.

    `known` are the oldest and the newest release whose keywords were read in its source, `known_bad` what is wrong with some.
    """

    name: str
    unit: str
    config_path: str
    known: tuple[tuple[int, int], tuple[int, int]]
    known_bad: tuple[KnownBad, ...]

    @property
    def folder(self) -> str:
        """Where all its files lie."""
        return self.config_path.rpartition("/")[0]

    @property
    def config_name(self) -> str:
        """As people call its file."""
        return self.config_path.rpartition("/")[2]

    @property
    def section(self) -> str:
        """The spec's key for it."""
        return self.unit


@dataclass(frozen=True)
class VrrpDaemon(VipDaemon):
    """One that speaks VRRP.

    `signs_since` is the first version that signs advertisements as later ones do, `security_fix` what a spec is warned of;
    `selinux_boolean` lets it ask its peers, and `lost_address` tells how it notices that somebody took its address away.
    """

    signs_since: Version
    security_fix: SecurityFix
    selinux_boolean: str
    lost_address: LostAddress
