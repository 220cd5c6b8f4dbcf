"""A server that is used again after one good answer."""

from collections.abc import Iterator

from twinkeel.audit.kubernetes import api_backends, count
from twinkeel.audit.rule import Example, Finding, Rule, each_haproxy
from twinkeel.liveconfig.haproxy_model import HaproxyConfig


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for proxy in api_backends(config):
        early = [server for server in proxy.servers if server.text("rise") == "1" and not server.has("slowstart")]
        if early:
            yield Finding(f"one good answer brings {count(early)} back at full load", early[0].parameters["rise"].place)


RULE = Rule(
    name="early-return",
    severity="info",
    what="`rise 1` without `slowstart` on API servers.",
    why="An API server that has just started answers well once and then fills its caches. It gets its full share at that "
    "moment, or with leastconn every new connection, and may fail again: it flaps.",
    fix="`rise 3` and `slowstart 5s`",
    source="HAProxy's manual, 5.2 `rise`, `slowstart`",
    bad=Example(
        haproxy="""\
backend kubernetes
    server master-1 192.168.1.101:6443 check fall 3 «rise 1»
"""
    ),
    good=Example(
        haproxy="""\
backend kubernetes
    server master-1 192.168.1.101:6443 check fall 3 rise 1 slowstart 10s
"""
    ),
    check=each_haproxy(check),
)
