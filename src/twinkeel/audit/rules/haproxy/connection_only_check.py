"""A check that is content with a connection."""

from collections.abc import Iterator

from twinkeel.audit.kubernetes import api_backends
from twinkeel.audit.rule import Example, Finding, Rule, each_haproxy
from twinkeel.liveconfig.haproxy_model import HaproxyConfig, Proxy


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for proxy in api_backends(config):
        if any(server.has("check") for server in proxy.servers) and _only_connects(proxy):
            yield Finding(f"{proxy.name} calls a server healthy as soon as its port takes a connection", proxy.place)


def _only_connects(proxy: Proxy) -> bool:
    option = proxy.check_option
    if option is None:
        return True
    asks = [line for line in proxy.lines("tcp-check") if line.value() in ("send", "expect", "send-binary")]
    return option.value() == "tcp-check" and not asks


RULE = Rule(
    name="connection-only-check",
    severity="warning",
    what="API servers that are checked by a TCP connection alone.",
    why="The kernel takes connections for a process that hangs. An API server that is stuck, has no etcd or is not ready "
    "keeps its share of clients for as long as that lasts: measured, one request in three failed for the whole time.",
    fix="`option httpchk`, `http-check send meth GET uri /readyz`, `http-check expect status 200`, `check-ssl` on the servers",
    source="measured side by side, docs/benchmarks.md",
    bad=Example(
        haproxy="""\
«backend kubernetes»
    mode tcp
    option tcp-check
    server master-1 192.168.1.101:6443 check
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
