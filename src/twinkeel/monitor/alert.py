"""What an alert is: its condition, and what to do about it. Its documentation stands beside it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from twinkeel.monitor.subject import Subject

Severity = Literal["critical", "warning"]


def always(_: Subject) -> bool:
    """For every cluster."""
    return True


def with_haproxy(subject: Subject) -> bool:
    """Where HAProxy's own metrics are open."""
    return subject.haproxy


def with_holder(subject: Subject) -> bool:
    """Where one load balancer holds a virtual IP (VRRP)."""
    return not subject.bgp


def in_a_pair(subject: Subject) -> bool:
    """Where one holds, and there is somebody to take over."""
    return with_holder(subject) and len(subject.load_balancers) > 1


def announced(subject: Subject) -> bool:
    """Where load balancers announce the virtual IPs (BGP)."""
    return subject.bgp


def announced_by_several(subject: Subject) -> bool:
    """Where another load balancer can announce, too."""
    return subject.bgp and len(subject.load_balancers) > 1


def with_bfd(subject: Subject) -> bool:
    """Where BFD watches the routers."""
    return subject.bgp and subject.bfd


@dataclass(frozen=True)
class Alert:
    """One alert.

    `wait` is how long the condition must hold, as Prometheus writes it. `summary` and `description` may hold Prometheus'
    templates. `means` tells what is the matter, `look` what to do, in order; both end up in docs/alerts.md, too.
    """

    name: str
    severity: Severity
    wait: str
    expr: Callable[[Subject], str]
    summary: str
    description: str
    means: str
    steps: tuple[str, ...]
    applies: Callable[[Subject], bool] = always


@dataclass(frozen=True)
class Record:
    """One recording rule: level:metric:operation."""

    name: str
    expr: Callable[[Subject], str]
    applies: Callable[[Subject], bool] = always
