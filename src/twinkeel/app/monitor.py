"""Use cases: what Prometheus and Grafana are given, made from a spec. No host is asked, and no password is read."""

from twinkeel.app.context import Context
from twinkeel.errors import UsageError
from twinkeel.monitor import rules as rule_file
from twinkeel.monitor import scrape as scrape_configuration
from twinkeel.monitor.dashboard import dashboard as grafana_dashboard
from twinkeel.monitor.rules import RUNBOOKS
from twinkeel.monitor.runbook import runbook
from twinkeel.monitor.subject import subject
from twinkeel.topology.model import Topology

__all__ = ["RUNBOOKS", "dashboard", "rules", "runbook", "scrape"]


def rules(context: Context, runbooks: str) -> str:
    """Recording and alert rules. Raises UsageError where nothing tells Prometheus of the load balancers."""
    return rule_file.rules(subject(_monitored(context)), runbooks)


def scrape(context: Context) -> str:
    """`scrape_configs`. Raises UsageError where nothing tells Prometheus of the load balancers."""
    return scrape_configuration.scrape(_monitored(context))


def dashboard(context: Context) -> str:
    """A dashboard for Grafana, JSON. Raises UsageError where nothing tells Prometheus of the load balancers."""
    return grafana_dashboard(subject(_monitored(context)))


def _monitored(context: Context) -> Topology:
    topology = context.topology
    if topology.monitoring is None:
        raise UsageError(
            "the load balancers report nothing to Prometheus: the spec has no `monitoring`",
            where=str(context.file),
            hint="add `monitoring: {address: host}` and run `twinkeel apply`; see docs/metrics.md",
        )
    if topology.haproxy.metrics is None:
        context.note(
            "nothing is made about API servers and connections: `haproxy: {metrics: {address: host}}` opens HAProxy's metrics"
        )
    return topology
