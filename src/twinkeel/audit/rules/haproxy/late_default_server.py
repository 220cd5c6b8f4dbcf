"""`default-server` below the servers that it was meant for."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_haproxy
from twinkeel.liveconfig.haproxy_model import HaproxyConfig

_SERVERS = ("server", "server-template")


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for proxy in config.of_kind("backend", "listen"):
        lines = [line for line in proxy.section.lines if line.keyword in (*_SERVERS, "default-server")]
        servers = [place for place, line in enumerate(lines) if line.keyword in _SERVERS]
        for line in lines[servers[-1] + 1 :] if servers else ():
            message = "no server stands below this line: it does nothing"
            yield Finding(message, line.place, ((lines[servers[-1]].place, "this one is read before it"),))


RULE = Rule(
    name="late-default-server",
    severity="error",
    what="a `default-server` with every server of its section above it.",
    why="A server takes what is in force on its own line. With `default-server check` at the end nothing is checked, and a dead "
    "API server gets its share of clients.",
    fix="move the line above the first server",
    source="HAProxy 2.6.12, 3.0.11 and 3.2.26, run (findings/haproxy-default-server-below.sh); `haproxy -c` says nothing",
    bad=Example(
        haproxy="""\
backend kubernetes
    server master-1 192.168.1.101:6443
    «default-server check inter 1s»
"""
    ),
    good=Example(
        haproxy="""\
backend kubernetes
    default-server check inter 1s
    server master-1 192.168.1.101:6443
    default-server inter 3s
    server master-2 192.168.1.102:6443
"""
    ),
    check=each_haproxy(check),
)
