"""What the dashboard shows: each panel's queries. How it looks is in `dashboard`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from twinkeel.monitor.alert import always, announced, with_bfd, with_haproxy, with_holder
from twinkeel.monitor.records import ABLE_SUM, ANNOUNCERS, COLLECTED, REPORTING, SESSIONS
from twinkeel.monitor.subject import SERVED, Subject

Kind = Literal["stat", "state-timeline", "timeseries", "table"]
Step = tuple[float | None, str]

STATES = {5: ("MASTER", "green"), 4: ("BACKUP", "blue"), 3: ("STANDBY", "yellow"), 2: ("FAULT", "red"), 1: ("STOPPED", "dark-red")}
"""A state as a number, so that one series a load balancer can be drawn; 0 is none."""

ANNOUNCER_STATES = {
    5: ("ANNOUNCING", "green"),
    4: ("WAITING", "blue"),
    3: ("STANDBY", "yellow"),
    2: ("FAULT", "red"),
    1: ("STOPPED", "dark-red"),
}

RATE = "$__rate_interval"
DAY = 86400


@dataclass(frozen=True)
class Query:
    """One query and what its series are called, as Grafana writes it."""

    expr: Callable[[Subject], str]
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """One panel. `unit` is Grafana's name; `width` is of 24 columns; `texts` maps values to a text and a colour."""

    title: str
    kind: Kind
    width: int
    queries: tuple[Query, ...]
    describes: str
    unit: str = "short"
    steps: tuple[Step, ...] = ((None, "green"),)
    texts: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    decimals: int | None = None
    columns: tuple[str, ...] = ()
    """Of a table, in their order."""
    sort: str = ""
    """The column that a table is sorted by."""
    names: bool = False
    """The series' names are what is shown, not their values."""
    applies: Callable[[Subject], bool] = always


@dataclass(frozen=True)
class Row:
    """Panels under one heading, each `height` rows of Grafana's grid high."""

    title: str
    height: int
    panels: tuple[Panel, ...]


def _state(metric: str, states: Mapping[int, tuple[str, str]]) -> Callable[[Subject], str]:
    def expr(subject: Subject) -> str:
        numbered = (f'{number} * {metric}{{{subject.of},state="{name.lower()}"}}' for number, (name, _) in states.items())
        return f"sum by (load_balancer) ({' or '.join(numbered)})"

    return expr


def _up(subject: Subject) -> str:
    """Whether each server is up, whichever way HAProxy tells it (see `alerts.api_servers`)."""
    of = f"haproxy_server_status{{{subject.api}"
    return f'max by (load_balancer, server) ({of},state="UP"}} or {of},state=""}} == bool 1)'


def _of(metric: str) -> Callable[[Subject], str]:
    return lambda subject: f"{metric}{{{subject.of}}}"


def _rate(metric: str, matchers: str) -> Callable[[Subject], str]:
    return lambda subject: f"sum by (load_balancer) (rate({metric}{{{subject.of},{matchers}}}[{RATE}]))"


def _increase(metric: str) -> Callable[[Subject], str]:
    return lambda subject: f"increase({metric}{{{subject.of}}}[{RATE}])"


_FRONTENDS, _SERVERS = f'proxy=~"{SERVED}"', 'proxy=~"kubernetes-api|service[.].*"'

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
            (Query(_of(ABLE_SUM)),),
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

MOVES = Row(
    "Virtual IPs",
    8,
    (
        Panel(
            "State",
            "state-timeline",
            12,
            (Query(_state("twinkeel_vrrp_state", STATES), "{{load_balancer}}"),),
            "Each load balancer's state, as `twinkeel status` calls it.",
            texts=STATES,
            applies=with_holder,
        ),
        Panel(
            "State",
            "state-timeline",
            12,
            (Query(_state("twinkeel_announcer_state", ANNOUNCER_STATES), "{{load_balancer}}"),),
            "Each load balancer's state, as `twinkeel status` calls it.",
            texts=ANNOUNCER_STATES,
            applies=announced,
        ),
        Panel(
            "Holder",
            "state-timeline",
            12,
            (Query(_of("twinkeel_vip_held"), "{{vip}} {{load_balancer}}"),),
            "Which load balancer had which virtual IP.",
            texts={1: ("holds", "green"), 0: ("-", "transparent")},
            applies=with_holder,
        ),
        Panel(
            "Announced",
            "state-timeline",
            12,
            (Query(_of("twinkeel_vip_announced"), "{{vip}} {{load_balancer}}"),),
            "Which load balancer announced which virtual IP.",
            texts={1: ("announced", "green"), 0: ("-", "transparent")},
            applies=announced,
        ),
        Panel(
            "BGP sessions",
            "state-timeline",
            12,
            (Query(_of("twinkeel_bgp_session_up"), "{{load_balancer}} {{router}}"),),
            "Each load balancer's session with each router.",
            texts={1: ("established", "green"), 0: ("down", "red")},
            applies=announced,
        ),
        Panel(
            "BFD",
            "state-timeline",
            12,
            (Query(_of("twinkeel_bfd_session_up"), "{{load_balancer}} {{router}}"),),
            "Whether a loss would be noticed in a fraction of a second.",
            texts={1: ("up", "green"), 0: ("down", "red")},
            applies=with_bfd,
        ),
        Panel(
            "Sessions lost",
            "timeseries",
            12,
            (Query(_increase("twinkeel_bgp_session_dropped_total"), "{{load_balancer}} {{router}}"),),
            "How often a session was lost. Each time the router spreads established connections anew.",
            applies=announced,
        ),
        Panel(
            "Why",
            "table",
            12,
            (Query(lambda subject: f"max by (load_balancer, reason) (twinkeel_announcer_info{{{subject.of}}})"),),
            "Why each load balancer announces, or does not.",
            applies=announced,
        ),
        Panel(
            "Moves",
            "timeseries",
            12,
            (
                Query(
                    lambda subject: (
                        f"round(sum by (vip, load_balancer) (increase(twinkeel_vip_taken_total{{{subject.of}}}[{RATE}])))"
                    ),
                    "{{vip}} to {{load_balancer}}",
                ),
            ),
            "How often a virtual IP came to a load balancer.",
            applies=with_holder,
        ),
        Panel(
            "Returns and withdrawals",
            "timeseries",
            12,
            (
                Query(_increase("twinkeel_vip_taken_total"), "{{load_balancer}} announces {{vip}}"),
                Query(_increase("twinkeel_announcer_withdrawals_total"), "{{load_balancer}} withdraws, as something failed"),
            ),
            "How often a virtual IP came to a load balancer, and how often a failure took it away.",
            applies=announced,
        ),
        Panel(
            "Advertisements heard",
            "timeseries",
            12,
            (
                Query(
                    lambda subject: (
                        "sum by (load_balancer, vip, peer) "
                        f"(rate(twinkeel_vrrp_advertisements_heard_total{{{subject.of}}}[{RATE}]))"
                    ),
                    "{{vip}}: {{load_balancer}} hears {{peer}}",
                ),
            ),
            "A second. A holder hears nobody; everyone else hears the holder, as often as `failover.advert_interval` says.",
            applies=with_holder,
        ),
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
            (Query(_increase("twinkeel_liveness_kills_total"), "{{load_balancer}}"),),
            "How often the watchdog killed a HAProxy that hung.",
            applies=announced,
        ),
    ),
)

TRAFFIC = Row(
    "HAProxy",
    8,
    (
        Panel(
            "API servers",
            "state-timeline",
            12,
            (Query(_up, "{{server}} by {{load_balancer}}"),),
            "Whether each load balancer sees each API server up.",
            texts={1: ("up", "green"), 0: ("not up", "red")},
            applies=with_haproxy,
        ),
        Panel(
            "How full",
            "timeseries",
            12,
            (Query(_of(SESSIONS), "{{proxy}} {{load_balancer}}"),),
            "Connections, as a share of `haproxy.max_connections`.",
            unit="percentunit",
            steps=((None, "green"), (0.8, "red")),
            applies=with_haproxy,
        ),
        Panel(
            "New connections",
            "timeseries",
            8,
            (Query(_rate("haproxy_frontend_sessions_total", _FRONTENDS), "{{load_balancer}}"),),
            "Connections that clients opened, a second.",
            unit="cps",
            applies=with_haproxy,
        ),
        Panel(
            "Traffic",
            "timeseries",
            8,
            (
                Query(_rate("haproxy_frontend_bytes_in_total", _FRONTENDS), "{{load_balancer}} from clients"),
                Query(_rate("haproxy_frontend_bytes_out_total", _FRONTENDS), "{{load_balancer}} to clients"),
            ),
            "Bytes a second.",
            unit="Bps",
            applies=with_haproxy,
        ),
        Panel(
            "Trouble with servers",
            "timeseries",
            8,
            (
                Query(_rate("haproxy_backend_connection_errors_total", _SERVERS), "{{load_balancer}} failed connections"),
                Query(_rate("haproxy_backend_redispatch_warnings_total", _SERVERS), "{{load_balancer}} sent to another server"),
                Query(_rate("haproxy_server_check_failures_total", _SERVERS), "{{load_balancer}} failed checks"),
            ),
            "A second.",
            applies=with_haproxy,
        ),
    ),
)

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

ROWS: tuple[Row, ...] = (NOW, MOVES, TRAFFIC, UPKEEP)
