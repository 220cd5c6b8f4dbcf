"""Alerts about what is behind the load balancers, as HAProxy sees it."""

from twinkeel.monitor.alert import Alert, with_haproxy
from twinkeel.monitor.records import SESSIONS
from twinkeel.monitor.subject import Subject

LIMIT_SHARE = 0.8


def _servers(subject: Subject, states: str, numbers: str) -> str:
    """Servers in a state. From HAProxy 2.4 on each state is a series of 0 or 1; before, one number says which (0 DOWN, 2 MAINT)."""
    of = f"haproxy_server_status{{{subject.api}"
    return f'count by (cluster, server) ({of},state=~"{states}"}} == 1 or {of},state=""}} {numbers})'


def with_services(subject: Subject) -> bool:
    """Where HAProxy's metrics are open, and there are extra services."""
    return subject.haproxy and subject.services


API_SERVERS = (
    Alert(
        "TwinkeelNoApiServer",
        "critical",
        "1m",
        lambda subject: f"haproxy_backend_active_servers{{{subject.api}}} == 0",
        "{{ $labels.cluster }}: {{ $labels.load_balancer }} has no API server",
        "{{ $labels.load_balancer }} reaches no API server that is ready. It leaves the virtual IPs to others that have one.",
        "All API servers fail their checks from there: the control plane is down, etcd has no quorum (/readyz is 500 then), or "
        "this load balancer is cut off from it.",
        (
            "`twinkeel status`: do the other load balancers have API servers? Then it is this one's network.",
            "If none has: `kubectl --server https://MASTER:6443 get --raw '/readyz?verbose'` on a control-plane host; etcd first.",
        ),
        with_haproxy,
    ),
    Alert(
        "TwinkeelApiServerDown",
        "warning",
        "5m",
        lambda subject: _servers(subject, "DOWN", "== 0"),
        "{{ $labels.cluster }}: API server {{ $labels.server }} is down",
        "{{ $value }} load balancers see {{ $labels.server }} fail its health check.",
        "The API server does not run, is not ready, or cannot be reached from there. The others carry its load.",
        (
            "`twinkeel status` shows what /readyz answers on each control-plane host.",
            "Down for some load balancers alone: their network to it.",
            "On the host: `crictl ps -a --name kube-apiserver`, `crictl logs`.",
        ),
        with_haproxy,
    ),
    Alert(
        "TwinkeelApiServerDrained",
        "warning",
        "4h",
        lambda subject: _servers(subject, "MAINT|DRAIN", "> 1 < 4"),
        "{{ $labels.cluster }}: API server {{ $labels.server }} is out of rotation",
        "{{ $labels.server }} was drained four hours ago or longer on {{ $value }} load balancers: it gets no new clients.",
        "`twinkeel drain` keeps a server out of rotation over reloads and reboots until `undrain`.",
        ("Is the work on it done? `twinkeel undrain {{ $labels.server }}`.",),
        with_haproxy,
    ),
    Alert(
        "TwinkeelServiceWithoutServer",
        "warning",
        "2m",
        lambda subject: f'haproxy_backend_active_servers{{{subject.of},proxy=~"service[.].*"}} == 0',
        "{{ $labels.cluster }}: {{ $labels.proxy }} has no server on {{ $labels.load_balancer }}",
        "Every target of this extra service fails its check from {{ $labels.load_balancer }}.",
        "What serves it (an ingress controller, for instance) does not run, or its health check asks for the wrong thing.",
        (
            "`twinkeel status` lists the targets with what HAProxy reports of each.",
            "Try the check by hand: `curl` the target's port.",
        ),
        with_services,
    ),
    Alert(
        "TwinkeelConnectionsNearLimit",
        "warning",
        "5m",
        lambda subject: f"{SESSIONS}{{{subject.of}}} > {LIMIT_SHARE}",
        "{{ $labels.cluster }}: {{ $labels.proxy }} on {{ $labels.load_balancer }} is {{ $value | humanizePercentage }} full",
        "At the limit new clients wait in the kernel's queue, and then get no answer.",
        "More clients than `haproxy.max_connections` was made for, or clients that do not close their connections.",
        (
            "`echo 'show sess' | socat - /run/haproxy/admin.sock`: whose connections are they?",
            "Raise `haproxy.max_connections` and `twinkeel apply`: the unit's limit of open files follows, HAProxy restarts.",
        ),
        with_haproxy,
    ),
)
