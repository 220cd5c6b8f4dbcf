"""Connections that stay with a server that was marked down."""

from collections.abc import Iterator

from twinkeel.audit.kubernetes import api_backends
from twinkeel.audit.rule import Example, Finding, Rule, each_haproxy
from twinkeel.liveconfig.haproxy_model import HaproxyConfig, Server


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for proxy in api_backends(config):
        kept = [server.name for server in proxy.servers if server.has("check") and not _is_cut(server)]
        if kept:
            yield Finding(f"connections to a server that is marked down stay: {', '.join(kept[:3])}", proxy.place)


def _is_cut(server: Server) -> bool:
    return server.text("on-marked-down") == "shutdown-sessions" or server.has("tcp-ut")


RULE = Rule(
    name="kept-sessions",
    severity="warning",
    what="API servers without `on-marked-down shutdown-sessions` (or `tcp-ut`).",
    why="kubectl, kubelets and controllers keep one HTTP/2 connection open for hours. When its API server hangs or its host loses "
    "power, new connections go elsewhere, and the old ones wait on: a kubelet that is silent for 40 s makes its node NotReady.",
    fix="`on-marked-down shutdown-sessions`; on HAProxy 3.0 and 3.1 `tcp-ut 4s` instead, since there a connection that is "
    "being opened at that moment is never freed",
    source="kubernetes/kubernetes #48638; HAProxy 2.6.12, 3.0.11 and 3.2.26, run",
    bad=Example(
        haproxy="""\
«backend kubernetes»
    server master-1 192.168.1.101:6443 check
    server master-2 192.168.1.102:6443 check on-marked-down shutdown-sessions
"""
    ),
    good=Example(
        haproxy="""\
backend kubernetes
    default-server check on-marked-down shutdown-sessions
    server master-1 192.168.1.101:6443
    server master-2 192.168.1.102:6443
"""
    ),
    check=each_haproxy(check),
)
