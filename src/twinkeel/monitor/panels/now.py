"""The first row: is all well?"""

from twinkeel.monitor.alert import announced, with_holder
from twinkeel.monitor.panels.panel import Panel, Query, Row
from twinkeel.monitor.panels.queries import DAY, of
from twinkeel.monitor.records import ABLE_SUM, ANNOUNCERS, REPORTING

NOW = Row(
    "Now",
    4,
    (
        Panel(
            "Who holds",
            "stat",
            6,
            (Query(lambda subject: f"twinkeel_vip_held{{{subject.of}}} == 1", "{{vip}}: {{load_balancer}}"),),
            "The load balancers that have a virtual IP. Each virtual IP must be here once.",
            names=True,
            applies=with_holder,
        ),
        Panel(
            "Who announces",
            "stat",
            6,
            (Query(lambda subject: f"twinkeel_vip_announced{{{subject.of}}} == 1", "{{vip}}: {{load_balancer}}"),),
            "The load balancers that have a virtual IP and told a router. Each one must be here with each virtual IP.",
            names=True,
            applies=announced,
        ),
        Panel(
            "Could hold",
            "stat",
            3,
            (Query(of(ABLE_SUM)),),
            "Load balancers that are MASTER or BACKUP. With one, the next fault is an outage.",
            steps=((None, "red"), (1, "orange"), (2, "green")),
            applies=with_holder,
        ),
        Panel(
            "Announce",
            "stat",
            3,
            (Query(lambda subject: f"min({ANNOUNCERS}{{{subject.of}}})"),),
            "Load balancers that announce, of the virtual IP that the fewest do. With one, the next fault is an outage.",
            steps=((None, "red"), (1, "orange"), (2, "green")),
            applies=announced,
        ),
        Panel(
            "Tell of themselves",
            "stat",
            3,
            (Query(lambda subject: f"sum({REPORTING}{{{subject.of}}})"),),
            "Load balancers whose figures are fresh.",
            steps=((None, "red"), (1, "orange"), (2, "green")),
        ),
        Panel(
            "Alerts",
            "stat",
            3,
            (Query(lambda subject: f'count(ALERTS{{{subject.of},alertname=~"Twinkeel.*",alertstate="firing"}}) or vector(0)'),),
            "Alerts that fire. docs/alerts.md says what to do about each.",
            steps=((None, "green"), (1, "red")),
        ),
        Panel(
            "Certificates last",
            "stat",
            4,
            (Query(lambda subject: f"(min(twinkeel_certificate_not_after_timestamp_seconds{{{subject.of}}}) - time()) / {DAY}"),),
            "Until the first certificate of the API servers or their authority expires.",
            unit="suffix:days",
            decimals=0,
            steps=((None, "red"), (7, "orange"), (30, "green")),
        ),
        Panel(
            "Drift",
            "stat",
            5,
            (Query(lambda subject: f"max(twinkeel_files_drift{{{subject.of}}})"),),
            "Whether files on a load balancer are not those that were applied.",
            steps=((None, "green"), (1, "red")),
            texts={0: ("as applied", "green"), 1: ("changed by somebody", "red")},
        ),
    ),
)
