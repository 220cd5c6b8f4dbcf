"""A spec that is being read from files: its values by path, and what is to be told about them."""

import re
from dataclasses import dataclass, field, replace
from typing import Any

from twinkeel.adopt.notes import Assumed, Given, Missing, SecretFound
from twinkeel.liveconfig.haproxy_file import Section
from twinkeel.liveconfig.words import Place
from twinkeel.spec.fields import HostName, pattern_of
from twinkeel.spec.secrets import Secrets

_HOST_NAME = re.compile(pattern_of(HostName))


@dataclass
class Draft:
    """What the readers fill in, in the order of the spec's keys.

    `ours`: the files are such as Twinkeel writes.
    `why` has reasons of a reader's own for lines that are not carried over, by file and line. `roles` says which rendered sections
    stand for a section of a pair's haproxy.cfg, by its header's file and line. `password` and the like are in `secrets`.
    """

    given: Given
    ours: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    assumed: list[Assumed] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    needed: list[SecretFound] = field(default_factory=list)
    secrets: Secrets = field(default_factory=Secrets)
    why: dict[tuple[str, int], tuple[str, str]] = field(default_factory=dict)
    roles: dict[tuple[str, int], tuple[str, ...]] = field(default_factory=dict)

    def set(self, *path: str, value: Any) -> None:
        """Give a key its value."""
        place = self.values
        for part in path[:-1]:
            place = place.setdefault(part, {})
        place[path[-1]] = value

    def assume(self, key: str, value: object, why: str, option: str = "") -> None:
        """Tell that no file says a value."""
        self.assumed.append(Assumed(key, str(value), why, option))

    def explain(self, place: Place, why: str, instead: str) -> None:
        """A reason for a line, should it turn out not to be carried over."""
        self.why.setdefault(at(place), (why, instead))

    def stands_for(self, section: Section, *rendered: str) -> None:
        """Which rendered sections do a section's work."""
        self.roles[at(section.header.place)] = rendered

    def secret(self, **given: str) -> None:
        """Keep a secret; it is never shown."""
        self.secrets = replace(self.secrets, **given)


def at(place: Place) -> tuple[str, int]:
    """A place's file and line."""
    return place.source.name, place.span.line


def host_name(text: str) -> str:
    """The short name of a host as a spec can have it; empty where none can be made of the text."""
    label = text.partition(".")[0].lower().replace("_", "-").strip("-")
    return label if _HOST_NAME.fullmatch(label) else ""


def domain_of(text: str) -> str:
    """What follows the first dot of a full name; empty for a bare one."""
    return text.partition(".")[2].lower()
