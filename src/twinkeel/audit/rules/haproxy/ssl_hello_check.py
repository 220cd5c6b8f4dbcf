"""`option ssl-hello-chk`, which takes a TLS alert for a sign of life."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, at, each_haproxy
from twinkeel.liveconfig.haproxy_model import HaproxyConfig


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for proxy in config.of_kind("backend", "listen"):
        line = proxy.check_option
        if line is not None and line.value() == "ssl-hello-chk" and proxy.servers:
            yield at(line.words[1], f"{proxy.name} calls every server healthy that answers a TLS greeting, even with an alert")


RULE = Rule(
    name="ssl-hello-check",
    severity="error",
    what="a backend whose servers are checked with `option ssl-hello-chk`.",
    why="The check sends an SSLv3 greeting and is content with any TLS record, an alert included. An API server that has "
    "lost etcd, is shutting down or is not ready still answers one, so clients keep being sent there.",
    fix="ask `/readyz` over TLS: `option httpchk`, `http-check send meth GET uri /readyz`, `http-check expect status 200`, and "
    "`check-ssl` on the servers",
    source="HAProxy's manual, `option ssl-hello-chk`; seen with HAProxy 2.6.12",
    bad=Example(
        haproxy="""\
backend kubernetes
    mode tcp
    option «ssl-hello-chk»
    server master-1 192.168.1.101:6443 check
    server master-2 192.168.1.102:6443 check
"""
    ),
    good=Example(
        haproxy="""\
backend kubernetes
    mode tcp
    option httpchk
    http-check send meth GET uri /readyz
    http-check expect status 200
    server master-1 192.168.1.101:6443 check check-ssl verify none
    server master-2 192.168.1.102:6443 check check-ssl verify none
"""
    ),
    check=each_haproxy(check),
)
