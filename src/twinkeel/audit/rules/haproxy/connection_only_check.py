"""A check that is content with a connection."""

from collections.abc import Iterator

from twinkeel.audit.kubernetes import api_backends
from twinkeel.audit.rule import Example, Finding, Rule, each_haproxy
from twinkeel.audit.server_check import asks, greets
from twinkeel.liveconfig.haproxy_model import HaproxyConfig, Proxy, Server


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for proxy in api_backends(config):
        checked = [server for server in proxy.servers if server.has("check")]
        if checked and not asks(proxy):
            yield Finding(f"{proxy.name} calls a server healthy as soon as {_content_with(proxy, checked)}", proxy.place)


def _content_with(proxy: Proxy, checked: list[Server]) -> str:
    if all(greets(proxy, server) for server in checked):
        return "it finishes a TLS handshake, ready or not"
    return "its port takes a connection"


RULE = Rule(
    name="connection-only-check",
    severity="warning",
    what="API servers that are checked by a connection alone, without or with a TLS handshake.",
    why="The kernel takes connections for a process that hangs. An API server that is stuck, has no etcd or is not ready "
    "keeps its share of clients for as long as that lasts: measured, one request in three failed for the whole time. A "
    "TLS handshake finds one that hangs, and no other.",
    fix="`option httpchk`, `http-check send meth GET uri /readyz`, `http-check expect status 200`, `check-ssl` on the servers",
    source="measured side by side, docs/benchmarks.md",
    bad=Example(
        haproxy="""\
«backend kubernetes»
    mode tcp
    option tcp-check
    server master-1 192.168.1.101:6443 check

«backend control-plane»
    mode tcp
    server master-1 192.168.1.101:6443 check check-ssl verify none
"""
    ),
    good=Example(
        haproxy="""\
backend kubernetes
    mode tcp
    option httpchk GET /readyz
    http-check expect status 200
    server master-1 192.168.1.101:6443 check check-ssl verify none

backend ingress
    mode tcp
    server worker-1 192.168.1.121:443 check
"""
    ),
    check=each_haproxy(check),
)
