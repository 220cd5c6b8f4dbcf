"""Which rules an audit asks: all of them, or those alone whose fault costs clients the API. Pure."""

from typing import Literal

from twinkeel.audit.registry import RULES
from twinkeel.audit.rule import Rule

Profile = Literal["breaks", "everything"]
PROFILES: tuple[Profile, ...] = ("breaks", "everything")

# Warnings after which one fault leaves clients without the API until somebody comes, or in which the address leaves a host that
# serves, or comes to one that does not. Every error is of that kind already.
_WARNINGS_THAT_BREAK = frozenset(
    (
        *("connection-only-check", "kept-sessions", "slow-server-check", "bind-on-vip", "end-to-end-check", "equal-priorities"),
        *("keepalived-before-haproxy", "merged-usr-script", "missing-priority", "process-only-check", "role-dependent-check"),
        *("script-that-restarts", "source-without-peers", "unused-tracker", "server-by-name"),
    )
)


def rules_of(profile: Profile) -> tuple[Rule, ...]:
    """The rules of a profile, in their own order."""
    if profile == "everything":
        return RULES
    return tuple(rule for rule in RULES if rule.severity == "error" or rule.name in _WARNINGS_THAT_BREAK)
