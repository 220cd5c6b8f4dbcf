"""Recording and alert rules of a cluster, as Prometheus reads them. Pure."""

from typing import Any

from twinkeel.monitor.alert import Alert, Record
from twinkeel.monitor.alerts.registry import ALERTS
from twinkeel.monitor.records import RECORDS
from twinkeel.monitor.subject import Subject
from twinkeel.monitor.yaml_document import document

INTERVAL = "15s"
"""How often Prometheus evaluates them, and scrapes."""

RUNBOOKS = "docs/alerts.md"


def rules(subject: Subject, runbooks: str = RUNBOOKS) -> str:
    """A rule file for Prometheus.

    Args:
        runbooks: where docs/alerts.md can be read: each alert links to its heading there.
    """
    records = [_record(record, subject) for record in RECORDS if record.applies(subject)]
    alerts = [_alert(alert, subject, runbooks) for alert in alerts_for(subject)]
    name = f"twinkeel-{subject.cluster}"
    # One group: its rules are evaluated in order, so an alert sees what was recorded in the same round.
    return document({"groups": [{"name": name, "interval": INTERVAL, "rules": [*records, *alerts]}]}, _heading(subject))


def alerts_for(subject: Subject) -> tuple[Alert, ...]:
    """The alerts that can say anything about this cluster."""
    return tuple(alert for alert in ALERTS if alert.applies(subject))


def anchor(alert: Alert) -> str:
    """The anchor of its heading in docs/alerts.md."""
    return alert.name.lower()


def _heading(subject: Subject) -> list[str]:
    lines = [f'Made by `twinkeel monitor rules` from the cluster "{subject.cluster}". Make it anew after a change of the spec.']
    if not subject.haproxy:
        lines.append("Nothing here is about API servers or connections: `haproxy.metrics` opens HAProxy's own metrics.")
    return lines


def _record(record: Record, subject: Subject) -> dict[str, Any]:
    return {"record": record.name, "expr": record.expr(subject)}


def _alert(alert: Alert, subject: Subject, runbooks: str) -> dict[str, Any]:
    steps = "\n".join(f"{number}. {step}" for number, step in enumerate(alert.steps, 1))
    return {
        "alert": alert.name,
        "expr": alert.expr(subject),
        "for": alert.wait,
        "labels": {"severity": alert.severity},
        "annotations": {
            "summary": alert.summary,
            "description": alert.description,
            "runbook": f"{alert.means}\n{steps}\n",
            "runbook_url": f"{runbooks}#{anchor(alert)}",
        },
    }
