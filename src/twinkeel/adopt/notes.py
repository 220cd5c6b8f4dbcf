"""What an import has to tell beside the spec. Pure values."""

from dataclasses import dataclass, field
from typing import Literal

from twinkeel.adopt.inventory import Inventory
from twinkeel.liveconfig.words import Place
from twinkeel.spec.secrets import Secrets

Effect = Literal["lost", "replaced", "renamed"]
"""What becomes of a line: nothing does its work any more; another line or unit does; or only a name or its layout is another."""


@dataclass(frozen=True, slots=True)
class Left:
    """One line that the spec does not carry over: what it says (without secrets), why not, and what the spec does instead.

    `also` are the same line's places in other hosts' files.
    """

    place: Place
    what: str
    why: str
    instead: str
    effect: Effect
    also: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Assumed:
    """A value of the spec that no file says: its key with dots, and where it is from; `option` says it otherwise."""

    key: str
    value: str
    why: str
    option: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """What no file says and nobody can guess."""

    what: str
    option: str


@dataclass(frozen=True, slots=True)
class SecretFound:
    """A secret that the spec asks for: its key in the secrets file, and where the files have it; None: the user must give it."""

    key: str
    variable: str
    place: Place | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class NewAddresses:
    """A host's addresses as the user gives them."""

    address: str
    address6: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """What the user says because the files cannot; empty where nothing was said. `vips` are ADDRESS/PREFIX,
    `secrets` those that are kept already: of some, files hold a digest alone."""

    name: str = ""
    domain: str = ""
    endpoint: str = ""
    frontend: str = ""
    vips: tuple[str, ...] = ()
    load_balancers: dict[str, NewAddresses] = field(default_factory=dict)
    control_plane: dict[str, NewAddresses] = field(default_factory=dict)
    inventory: Inventory | None = None
    secrets: Secrets = field(default_factory=Secrets)
