"""The second row: where the virtual IPs are and were, and what the watchdog did."""

from twinkeel.monitor.alert import announced, with_holder
from twinkeel.monitor.panels.announced import ANNOUNCED
from twinkeel.monitor.panels.held import HELD
from twinkeel.monitor.panels.panel import Panel, Query, Row
from twinkeel.monitor.panels.queries import RATE, increase
from twinkeel.monitor.records import COLLECTED

_WATCHDOG = (
    Panel(
        "HAProxy's last answer to the watchdog",
        "timeseries",
        12,
        (
            Query(
                lambda subject: (
                    f"{COLLECTED}{{{subject.of}}} - on (cluster, load_balancer) "
                    f"twinkeel_liveness_last_answer_timestamp_seconds{{{subject.of}}}"
                ),
                "{{load_balancer}}",
            ),
        ),
        "How old it was at the last look; up to 20 s is as it should be.",
        unit="s",
    ),
    Panel(
        "Kills and yields",
        "timeseries",
        12,
        (
            Query(
                lambda subject: f"round(increase(twinkeel_liveness_kills_total{{{subject.of}}}[{RATE}]))",
                "{{load_balancer}} kills",
            ),
            Query(
                lambda subject: f"round(increase(twinkeel_liveness_yields_total{{{subject.of}}}[{RATE}]))",
                "{{load_balancer}} yields",
            ),
        ),
        "What the watchdog did: killed a HAProxy that hung, gave the virtual IPs to a peer for want of API servers.",
        applies=with_holder,
    ),
    Panel(
        "Kills",
        "timeseries",
        12,
        (Query(increase("twinkeel_liveness_kills_total"), "{{load_balancer}}"),),
        "How often the watchdog killed a HAProxy that hung.",
        applies=announced,
    ),
)

MOVES = Row("Virtual IPs", 8, (*HELD, *ANNOUNCED, *_WATCHDOG))
