"""A check that takes long to find a dead server."""

from collections.abc import Iterator

from twinkeel.audit.kubernetes import api_backends
from twinkeel.audit.rule import Example, Finding, Rule, at, each_haproxy
from twinkeel.audit.server_check import server_check
from twinkeel.liveconfig.haproxy_model import HaproxyConfig

LONGEST = 15.0


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for proxy in api_backends(config):
        slow = [(server, found.silent.high) for server in proxy.servers if (found := server_check(proxy, server))]
        slow = [(server, time) for server, time in slow if time > LONGEST]
        if slow:
            server, time = slow[0]
            word = server.parameters["inter"].name if server.has("inter") else server.line.words[1]
            yield at(word, f"a silent server is found after up to {time:.4g} s")


RULE = Rule(
    name="slow-server-check",
    severity="warning",
    what="checks of API servers that may take more than 15 s to find one whose host lost power.",
    why="For that long every third new connection (of three servers) waits for `timeout connect` first. The time is "
    "`inter` + fall * t + (fall - 1) * `fastinter`, where t is how long a check waits.",
    fix="`inter 1s fastinter 250ms fall 2` and `timeout check 2s`",
    source="HAProxy's manual, 5.2 `inter`; the arithmetic was compared with HAProxy 2.6.12",
    bad=Example(
        haproxy="""\
backend kubernetes
    default-server «inter» 10s downinter 5s
    server master-1 192.168.1.101:6443 check
"""
    ),
    good=Example(
        haproxy="""\
backend kubernetes
    default-server inter 10s fastinter 500ms fall 2
    server master-1 192.168.1.101:6443 check
"""
    ),
    check=each_haproxy(check),
)
