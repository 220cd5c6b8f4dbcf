"""Queries that several panels are made of, as functions of whom they are about."""

from collections.abc import Callable, Mapping

from twinkeel.monitor.subject import SERVED, Subject

RATE = "$__rate_interval"
DAY = 86400


def state_number(metric: str, states: Mapping[int, tuple[str, str]]) -> Callable[[Subject], str]:
    """Each load balancer's state as its number in `states`; 0 is none."""

    def expr(subject: Subject) -> str:
        numbered = (f'{number} * {metric}{{{subject.of},state="{name.lower()}"}}' for number, (name, _) in states.items())
        return f"sum by (load_balancer) ({' or '.join(numbered)})"

    return expr


def server_up(subject: Subject) -> str:
    """Whether each server is up, whichever way HAProxy tells it (see `alerts.api_servers`)."""
    of = f"haproxy_server_status{{{subject.api}"
    return f'max by (load_balancer, server) ({of},state="UP"}} or {of},state=""}} == bool 1)'


def of(metric: str) -> Callable[[Subject], str]:
    """A metric of this cluster's load balancers as it is."""
    return lambda subject: f"{metric}{{{subject.of}}}"


def rate(metric: str, matchers: str) -> Callable[[Subject], str]:
    """How much a counter grows in a second, for each load balancer."""
    return lambda subject: f"sum by (load_balancer) (rate({metric}{{{subject.of},{matchers}}}[{RATE}]))"


def increase(metric: str) -> Callable[[Subject], str]:
    """How much a counter grew between two points of a graph."""
    return lambda subject: f"increase({metric}{{{subject.of}}}[{RATE}])"


FRONTENDS, SERVERS = f'proxy=~"{SERVED}"', 'proxy=~"kubernetes-api|service[.].*"'
