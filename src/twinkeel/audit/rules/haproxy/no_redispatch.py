"""A refused connection that is not tried on another server."""

from collections.abc import Iterator

from twinkeel.audit.kubernetes import api_backends
from twinkeel.audit.rule import Example, Finding, Rule, each_haproxy
from twinkeel.liveconfig.haproxy_model import HaproxyConfig


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for proxy in api_backends(config):
        if len(proxy.servers) < 2:
            continue
        retries = proxy.last("retries")
        if retries is not None and retries.value() == "0":
            yield Finding("retries 0: a connection that a server refuses fails, though another one would take it", retries.place)
        elif proxy.option("redispatch") is None:
            yield Finding(f"{proxy.name} tries a refused connection on the same server again, never on another", proxy.place)


RULE = Rule(
    name="no-redispatch",
    severity="warning",
    what="a backend of API servers without `option redispatch`, or with `retries 0`.",
    why="Between the death of an API server and the check that finds it, its share of new connections is tried three "
    "times on the dead server, and then fails. With redispatch they go to another one and nobody notices.",
    fix="`option redispatch 1` and `retries 3`",
    source="HAProxy's manual, `option redispatch`",
    bad=Example(
        haproxy="""\
defaults
    log global
    mode tcp
    timeout connect 1s
    timeout client 1h
    timeout server 1h

«backend kubernetes»
    server master-1 192.168.1.101:6443 check
    server master-2 192.168.1.102:6443 check
"""
    ),
    good=Example(
        haproxy="""\
defaults
    log global
    mode tcp
    option redispatch
    timeout connect 1s
    timeout client 1h
    timeout server 1h

backend kubernetes
    retries 2
    server master-1 192.168.1.101:6443 check
    server master-2 192.168.1.102:6443 check
"""
    ),
    check=each_haproxy(check),
)
