"""Recording rules: what several alerts and panels ask for, said once. A rule may use those before it."""

from twinkeel.monitor.alert import Record, announced, with_haproxy, with_holder
from twinkeel.monitor.subject import SERVED, Subject

REPORTING = "load_balancer:twinkeel_reporting:bool"
REPORTING_SUM = "cluster:twinkeel_reporting:sum"
HOLDERS = "vip:twinkeel_holders:sum"
ANNOUNCERS = "vip:twinkeel_announcers:sum"
ABLE = "load_balancer:twinkeel_able:bool"
ABLE_SUM = "cluster:twinkeel_able:sum"
TAKEN = "vip:twinkeel_vip_taken:increase1h"
SESSIONS = "load_balancer:haproxy_sessions:ratio"

COLLECTED = "twinkeel_collected_timestamp_seconds"
FRESH = "3m"
"""How long a load balancer's figures may stand still: more than two scrapes of a minute."""


def _reporting(subject: Subject) -> str:
    # Not against a clock: a host whose clock is wrong still reports, and a file whose writer has died does not.
    moves = f"changes({COLLECTED}{{{subject.of}}}[{FRESH}]) > bool 0"
    return f"max by (cluster, load_balancer) (({moves}) and on (cluster, load_balancer) {COLLECTED}{{{subject.of}}})"


def of_those_that_report(series: str, subject: Subject) -> str:
    """A series, of those load balancers alone that report."""
    return f"{series} and on (cluster, load_balancer) {REPORTING}{{{subject.of}}} == 1"


def _able(subject: Subject) -> str:
    able = f'twinkeel_vrrp_state{{{subject.of},state=~"master|backup"}}'
    return f"max by (cluster, load_balancer) ({of_those_that_report(able, subject)})"


def _holders(subject: Subject) -> str:
    return f"sum by (cluster, vip) ({of_those_that_report(f'twinkeel_vip_held{{{subject.of}}}', subject)})"


def _announcers(subject: Subject) -> str:
    return f"sum by (cluster, vip) ({of_those_that_report(f'twinkeel_vip_announced{{{subject.of}}}', subject)})"


def _sessions(subject: Subject) -> str:
    of = f'{{{subject.of},proxy=~"{SERVED}"}}'
    return f"max by (cluster, load_balancer, proxy) (haproxy_frontend_current_sessions{of} / haproxy_frontend_limit_sessions{of})"


RECORDS = (
    Record(REPORTING, _reporting),
    Record(REPORTING_SUM, lambda subject: f"sum by (cluster) ({REPORTING}{{{subject.of}}})"),
    Record(HOLDERS, _holders, with_holder),
    Record(ABLE, _able, with_holder),
    Record(ABLE_SUM, lambda subject: f"sum by (cluster) ({ABLE}{{{subject.of}}})", with_holder),
    Record(TAKEN, lambda subject: f"sum by (cluster, vip) (increase(twinkeel_vip_taken_total{{{subject.of}}}[1h]))", with_holder),
    Record(ANNOUNCERS, _announcers, announced),
    Record(SESSIONS, _sessions, with_haproxy),
)
