"""A server that is never checked."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, at, each_haproxy
from twinkeel.liveconfig.haproxy_model import HaproxyConfig


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for proxy in config.of_kind("backend", "listen"):
        servers = proxy.servers
        for server in servers if len(servers) > 1 else ():
            if not server.has("check") and not server.has("track") and not server.has("disabled") and len(server.line.words) > 1:
                yield at(server.line.words[1], f"{server.name} is not checked: it gets its share of clients when it is dead, too")


RULE = Rule(
    name="unchecked-server",
    severity="error",
    what="a server without `check` in a backend of several.",
    why="HAProxy believes that it is up. When its host loses power, a share of all connections waits for `timeout "
    "connect` and fails, for as long as the host is away.",
    fix="add `check` to the server, or to `default-server`",
    source="HAProxy's manual, 5.2 `check`",
    bad=Example(
        haproxy="""\
backend kubernetes
    server master-1 192.168.1.101:6443 check
    server «master-2» 192.168.1.102:6443
"""
    ),
    good=Example(
        haproxy="""\
backend kubernetes
    default-server check inter 1s
    server master-1 192.168.1.101:6443
    server master-2 192.168.1.102:6443 no-check track kubernetes/master-1

backend alone
    server one 192.168.1.101:80
"""
    ),
    check=each_haproxy(check),
)
