"""What HAProxy sees: servers, connections, traffic."""

from twinkeel.monitor.alert import with_haproxy
from twinkeel.monitor.panels.panel import Panel, Query, Row
from twinkeel.monitor.panels.queries import FRONTENDS, SERVERS, of, rate, server_up
from twinkeel.monitor.records import SESSIONS

TRAFFIC = Row(
    "HAProxy",
    8,
    (
        Panel(
            "API servers",
            "state-timeline",
            12,
            (Query(server_up, "{{server}} by {{load_balancer}}"),),
            "Whether each load balancer sees each API server up.",
            texts={1: ("up", "green"), 0: ("not up", "red")},
            applies=with_haproxy,
        ),
        Panel(
            "How full",
            "timeseries",
            12,
            (Query(of(SESSIONS), "{{proxy}} {{load_balancer}}"),),
            "Connections, as a share of `haproxy.max_connections`.",
            unit="percentunit",
            steps=((None, "green"), (0.8, "red")),
            applies=with_haproxy,
        ),
        Panel(
            "New connections",
            "timeseries",
            8,
            (Query(rate("haproxy_frontend_sessions_total", FRONTENDS), "{{load_balancer}}"),),
            "Connections that clients opened, a second.",
            unit="cps",
            applies=with_haproxy,
        ),
        Panel(
            "Traffic",
            "timeseries",
            8,
            (
                Query(rate("haproxy_frontend_bytes_in_total", FRONTENDS), "{{load_balancer}} from clients"),
                Query(rate("haproxy_frontend_bytes_out_total", FRONTENDS), "{{load_balancer}} to clients"),
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
                Query(rate("haproxy_backend_connection_errors_total", SERVERS), "{{load_balancer}} failed connections"),
                Query(rate("haproxy_backend_redispatch_warnings_total", SERVERS), "{{load_balancer}} sent to another server"),
                Query(rate("haproxy_server_check_failures_total", SERVERS), "{{load_balancer}} failed checks"),
            ),
            "A second.",
            applies=with_haproxy,
        ),
    ),
)
