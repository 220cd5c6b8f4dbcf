"""docs/alerts.md: every alert, what it means, and what to do. Made from the alerts; nothing in it is written twice."""

import re

from twinkeel.monitor.alert import Alert
from twinkeel.monitor.alerts.registry import ALERTS
from twinkeel.monitor.subject import Subject

EXAMPLE = Subject("lab-home", ("lb-1", "lb-2"), haproxy=True, services=True)
ANNOUNCED = Subject("edge", ("lb-1", "lb-2", "lb-3"), haproxy=True, services=True, bgp=True, bfd=True, return_delay=120.0)
"""The conditions are shown as they are for the first cluster, and for the second one where only that has the alert."""

INTRO = """\
# The alerts

<!-- Made by `twinkeel monitor runbook -o docs/alerts.md`. Do not edit. -->

`twinkeel monitor rules` makes these from a spec, with its names and the number of its load balancers; the conditions below are
those of the cluster `lab-home` with two, or of `edge` with three that announce by BGP (a `return_delay` of 120 s).
[metrics.md](metrics.md) explains the series. *critical*: clients are hurt now, or will be within days and all at once. *warning*:
all works, and the next fault may not be survived.
"""


def runbook() -> str:
    """The page."""
    table = "".join(f"| [{alert.name}](#{alert.name.lower()}) | {alert.severity} | {alert.wait} |\n" for alert in ALERTS)
    sections = "".join(f"\n{alert_markdown(alert, level=2)}" for alert in ALERTS)
    return f"{INTRO}\n| alert | | after |\n|---|---|---|\n{table}{sections}"


def alert_markdown(alert: Alert, level: int) -> str:
    """One alert's section; ends in a newline."""
    steps = "".join(f"{number}. {step}\n" for number, step in enumerate(alert.steps, 1))
    condition = f"```promql\n{alert.expr(EXAMPLE if alert.applies(EXAMPLE) else ANNOUNCED)}\n```\n"
    summary = f"*{alert.severity}, after {alert.wait}.* {_plain(alert.description)}\n\n{alert.means}\n"
    return f"{'#' * level} {alert.name}\n\n{summary}\n{steps.replace('{{ $labels.server }}', 'SERVER')}\n{condition}"


def _plain(text: str) -> str:
    """Prometheus' templates as words: `{{ $labels.vip }}` becomes VIP."""
    for label in ("load_balancer", "cluster", "server", "proxy", "unit", "kind", "name", "vip", "part", "router"):
        text = text.replace(f"{{{{ $labels.{label} }}}}", label.replace("_", " ").upper())
    return re.sub(r"\{\{ \$value[^}]*\}\}", "N", text)
