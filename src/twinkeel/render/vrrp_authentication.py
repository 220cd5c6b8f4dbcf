"""How advertisements are signed (Keepalived's auth_hmac), and what a load balancer takes from others because of it."""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Literal

Mode = Literal["none", "receive-only", "permissive", "enforce"]

TIME_WINDOW = 30
"""Seconds by which clocks may differ. Keepalived's own 5 would make two holders of a virtual machine that slept; what was sent
before is refused within the window, too, by its sequence number."""

_COMMENT = "    # Every advertisement is signed (HMAC-SHA256), with the time in it: clocks may be {} s apart, no more.\n"
_OURS = re.compile(re.escape(_COMMENT.format(TIME_WINDOW)) + r"    auth_hmac \{\n(?: {8}.*\n)+    \}\n")
_ADVERT_INT = re.compile(r"^    advert_int .*\n", re.MULTILINE)


@dataclass(frozen=True)
class Authentication:
    """What one Keepalived signs with and what it takes. `keys` are ids and values, `active` is the id of the one that signs."""

    mode: Mode = "none"
    keys: frozenset[tuple[str, str]] = field(default=frozenset(), repr=False)
    active: str = ""

    @property
    def sends(self) -> tuple[str, str] | None:
        """Id and value of the key in its advertisements; None where they are not signed."""
        return (self.active, dict(self.keys).get(self.active, "")) if self.mode in ("permissive", "enforce") else None

    def takes(self, sent: tuple[str, str] | None) -> bool:
        """Whether an advertisement that is signed so is heard. Without `auth_hmac` a signed one is too long."""
        return self.mode != "enforce" if sent is None else self.mode != "none" and sent in self.keys

    def understands(self, other: "Authentication") -> bool:
        """Whether both hear each other."""
        return self.takes(other.sends) and other.takes(self.sends)


NONE = Authentication()


def signed_with(secret: str) -> Authentication:
    """What the spec asks for with `authentication: hmac`; the secret is hexadecimal."""
    ident = key_id(secret)
    return Authentication("enforce", frozenset({(ident, f"hex:{secret}")}), ident)


def key_id(secret: str) -> str:
    """1 to 255, made from the key: another key has another number nearly always, so that both can be there for a while."""
    return str(1 + hashlib.sha256(secret.lower().encode()).digest()[0] % 255)


def block(authentication: Authentication) -> str:
    """The lines of keepalived.conf, for one instance; empty without authentication."""
    if authentication.mode == "none":
        return ""
    keys = "".join(f"        key {ident} {value}\n" for ident, value in sorted(authentication.keys))
    return (
        f"{_COMMENT.format(TIME_WINDOW)}    auth_hmac {{\n{keys}        active_key {authentication.active}\n"
        f"        anti_replay time\n        time_window {TIME_WINDOW}\n        mode {authentication.mode}\n    }}\n"
    )


def with_authentication(config: str, authentication: Authentication) -> str:
    """A keepalived.conf of ours with another authentication in every instance; blocks that we did not write stay."""
    bare = _OURS.sub("", config)
    return _ADVERT_INT.sub(lambda found: found[0] + block(authentication), bare)
