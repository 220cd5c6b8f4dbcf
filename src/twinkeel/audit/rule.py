"""What a rule of the audit is. A rule is a module below `rules/` that holds one, RULE, and is listed in registry.py."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from twinkeel.audit.pair import Host, Pair
from twinkeel.liveconfig.haproxy_model import HaproxyConfig
from twinkeel.liveconfig.keepalived.model import Instance, VrrpConfig
from twinkeel.liveconfig.words import Place, Word

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found: a sentence, its place, and other places that take part in it, each with a few words."""

    message: str
    place: Place
    related: tuple[tuple[Place, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """The files of a pair, or the parts of them that matter here; what is empty is as it should be.

    `inventory` is Kubespray's, in YAML, and `group_vars` its variables of all hosts. In a bad example `«` and `»` stand around each
    piece that the rule points at. `checker_complains` says that the daemon's own checker complains, too.
    """

    haproxy: str = ""
    keepalived: str = ""
    script: str = ""
    inventory: str = ""
    group_vars: str = ""
    peer_haproxy: str = ""
    peer_keepalived: str = ""
    checker_complains: bool = False


Check = Callable[[Pair], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule with its documentation.

    `name` is the noun phrase that its module, its anchor in docs/audit.md and a suppression are called by; it is stable.
    `what` completes "this finds ...", `why` says what happens, `fix` what to write instead. `versions` says where it holds.
    """

    name: str
    severity: Severity
    what: str
    why: str
    fix: str
    source: str
    bad: Example
    good: Example
    check: Check = field(repr=False)
    versions: str = "all"


def each_host(check: Callable[[Host], Iterator[Finding]]) -> Check:
    """A check of every host by itself."""
    return lambda pair: (finding for host in pair.hosts for finding in check(host))


def each_haproxy(check: Callable[[HaproxyConfig], Iterator[Finding]]) -> Check:
    """A check of every haproxy.cfg by itself."""
    return lambda pair: (finding for host in pair.hosts if host.haproxy for finding in check(host.haproxy))


def each_keepalived(check: Callable[[VrrpConfig], Iterator[Finding]]) -> Check:
    """A check of every keepalived.conf by itself."""
    return lambda pair: (finding for host in pair.hosts if host.keepalived for finding in check(host.keepalived))


def each_instance(check: Callable[[Instance], Iterator[Finding]]) -> Check:
    """A check of every VRRP instance by itself."""
    return lambda pair: (finding for host in pair.hosts for instance in host.instances for finding in check(instance))


def at(word: Word, message: str, *related: tuple[Place, str]) -> Finding:
    """A finding at one word."""
    return Finding(message, word.place, related)
