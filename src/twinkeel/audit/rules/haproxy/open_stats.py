"""A statistics page that anyone may read."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_haproxy
from twinkeel.liveconfig.haproxy_model import HaproxyConfig, Proxy

_LOOPBACK = ("127.", "::1", "localhost")
_ON = ("enable", "uri", "admin", "realm", "refresh", "show-legends", "show-node")


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for proxy in config.of_kind("frontend", "listen"):
        lines = [line for line in proxy.section.lines if line.keyword == "stats" and line.value() in _ON]
        if lines and is_public(proxy) and not asks_who(proxy):
            yield Finding(f"whoever reaches {proxy.name} reads the names and addresses of all servers", lines[0].place)


def is_public(proxy: Proxy) -> bool:
    """Whether it listens beyond loopback."""
    addresses = [address for bind in proxy.binds for address, port in bind.addresses if port is not None]
    return any(not address.startswith(_LOOPBACK) for address in addresses)


def asks_who(proxy: Proxy) -> bool:
    """Whether it wants a password, or has rules about who may come."""
    rules = (("stats", "auth"), ("stats", "http-request"), ("http-request", "auth"), ("http-request", "deny"), ("acl",))
    return any(proxy.lines(*texts) for texts in rules)


RULE = Rule(
    name="open-stats",
    severity="warning",
    what="a statistics page on an address beyond loopback without `stats auth` or a rule about who may come.",
    why="It tells everyone on the network which hosts the control plane has, which of them are down, and HAProxy's version.",
    fix="`bind 127.0.0.1:PORT`, or `stats auth USER:PASSWORD`",
    source="HAProxy's manual, `stats enable`",
    bad=Example(
        haproxy="""\
listen stats
    bind *:9000
    mode http
    «stats enable»
    stats uri /stats
"""
    ),
    good=Example(
        haproxy="""\
listen stats
    bind 127.0.0.1:9000
    mode http
    stats enable
    stats uri /stats
"""
    ),
    check=each_haproxy(check),
)
