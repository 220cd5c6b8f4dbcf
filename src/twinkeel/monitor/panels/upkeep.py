"""What ages: certificates, files, the last apply."""

from twinkeel.monitor.panels.panel import Panel, Query, Row
from twinkeel.monitor.panels.queries import DAY

UPKEEP = Row(
    "Upkeep",
    8,
    (
        Panel(
            "Certificates",
            "table",
            8,
            (
                Query(
                    lambda subject: (
                        f"(min by (kind, name) (twinkeel_certificate_not_after_timestamp_seconds{{{subject.of}}}) - time()) / {DAY}"
                    )
                ),
            ),
            "How long each one lasts.",
            unit="suffix:days",
            decimals=0,
            columns=("kind", "name", "Value"),
            sort="Value",
            steps=((None, "red"), (7, "orange"), (30, "green")),
        ),
        Panel(
            "Files",
            "table",
            10,
            (
                Query(
                    lambda subject: (
                        f"max by (load_balancer, unit, applied, found) (twinkeel_files_info{{{subject.of}}} "
                        f"* on (cluster, load_balancer, unit) group_left twinkeel_files_drift{{{subject.of}}})"
                    ),
                ),
            ),
            "Digests of each unit's files, as they were applied and as they are.",
            columns=("load_balancer", "unit", "applied", "found", "Value"),
            sort="load_balancer",
            texts={0: ("as applied", "green"), 1: ("changed", "red")},
        ),
        Panel(
            "Since the last apply",
            "stat",
            6,
            (
                Query(
                    lambda subject: f"time() - max by (load_balancer) (twinkeel_last_apply_timestamp_seconds{{{subject.of}}})",
                    "{{load_balancer}}",
                ),
            ),
            "The age of the files that are there.",
            unit="s",
        ),
    ),
)
