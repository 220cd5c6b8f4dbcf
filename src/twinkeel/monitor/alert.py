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


def in_a_pair(subject: Subject) -> bool:
    """Where there is somebody to take over."""
    return len(subject.load_balancers) > 1


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
