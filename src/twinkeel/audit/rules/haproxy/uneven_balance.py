"""A balance algorithm that lets long connections pile up."""

from collections.abc import Iterator

from twinkeel.audit.kubernetes import api_backends
from twinkeel.audit.rule import Example, Finding, Rule, each_haproxy
from twinkeel.liveconfig.haproxy_model import HaproxyConfig


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for proxy in api_backends(config):
        line = proxy.last("balance")
        if line is not None and line.value() in ("source", "roundrobin", "static-rr", "first") and len(proxy.servers) > 1:
            message = f"balance {line.value()} does not see that connections last: after a restart one API server has next to none"
            yield Finding(message, line.place)


RULE = Rule(
    name="uneven-balance",
    severity="info",
    what="`balance source`, `roundrobin` or `first` before API servers.",
    why="Kubernetes' connections last for hours. When an API server comes back, these algorithms go on giving it no more "
    "than its share of *new* connections, so the others keep nearly all the load. With `source`, all that comes "
    "through one NAT is on one server.",
    fix="`balance leastconn` with `slowstart`; or `balance random(2)`, which sends less to a server that is just stopping",
    source="HAProxy's manual, `balance`",
    bad=Example(
        haproxy="""\
backend kubernetes
    «balance roundrobin»
    server master-1 192.168.1.101:6443 check
    server master-2 192.168.1.102:6443 check
"""
    ),
    good=Example(
        haproxy="""\
backend kubernetes
    balance random(2)
    server master-1 192.168.1.101:6443 check
    server master-2 192.168.1.102:6443 check

backend web
    balance roundrobin
    server one 192.168.1.131:80 check
    server two 192.168.1.132:80 check
"""
    ),
    check=each_haproxy(check),
)
