"""Long timeouts, and nothing that finds a dead end."""

from collections.abc import Iterator

from twinkeel.audit.kubernetes import api_backends
from twinkeel.audit.rule import Example, Finding, Rule, each_haproxy
from twinkeel.audit.rules.haproxy.short_stream_timeout import SHORTEST
from twinkeel.liveconfig.haproxy_model import HaproxyConfig, Proxy


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for backend in api_backends(config):
        fronts = config.frontends_of(backend)
        sides = [(backend, "server", "srvtcpka"), *((front, "client", "clitcpka") for front in fronts)]
        for proxy, side, option in sides:
            line = proxy.last("timeout", side)
            time = proxy.seconds("timeout", side)
            if line is not None and time is not None and time >= SHORTEST and not _has(proxy, option):
                yield Finding(
                    f"timeout {side} {line.value(2)} without TCP keep-alives: a {side} that vanished is kept as long", line.place
                )


def _has(proxy: Proxy, option: str) -> bool:
    return proxy.option(option) is not None or proxy.option("tcpka") is not None


RULE = Rule(
    name="long-timeout-without-keepalive",
    severity="warning",
    what="a timeout of 10 minutes or more before API servers without `option tcpka`, `clitcpka` or `srvtcpka`.",
    why="A host that loses power closes nothing. Its connections stay open in HAProxy until the timeout, count against "
    "`maxconn`, and a kubelet's watch through one of them hears nothing meanwhile.",
    fix="`option clitcpka` and `option srvtcpka`, from 2.3 on with `clitcpka-idle 30s`, `clitcpka-intvl 10s`, "
    "`clitcpka-cnt 3` (and srv)",
    source="HAProxy's manual, `option tcpka`",
    bad=Example(
        haproxy="""\
defaults
    log global
    mode tcp
    option clitcpka
    timeout connect 1s
    timeout client 1h
    «timeout server 1h»

frontend endpoint
    bind *:6443
    default_backend kubernetes

backend kubernetes
    server master-1 192.168.1.101:6443 check
"""
    ),
    good=Example(
        haproxy="""\
defaults
    log global
    mode tcp
    option tcpka
    timeout connect 1s
    timeout client 1h
    timeout server 1h

frontend endpoint
    bind *:6443
    default_backend kubernetes

backend kubernetes
    server master-1 192.168.1.101:6443 check
"""
    ),
    check=each_haproxy(check),
)
