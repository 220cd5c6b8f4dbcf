"""One server under two names."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, at, each_haproxy
from twinkeel.liveconfig.haproxy_model import HaproxyConfig, Server

# The address that the client asked for: every client's own.
_CLIENTS_OWN = frozenset(("", "*", "0.0.0.0", "::"))  # noqa: S104 - read, not bound
# Parameters with which one address leads to another server.
_WAYS = ("socks4", "source", "namespace")


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for proxy in config.of_kind("backend", "listen"):
        seen: dict[tuple[object, ...], Server] = {}
        for server in proxy.servers:
            word = server.address_word
            if word is None or server.line.keyword == "server-template" or server.line.conditions:
                continue
            if server.address in _CLIENTS_OWN:
                continue
            way = tuple(server.text(name) for name in _WAYS)
            first = seen.setdefault((server.address, server.port, *way), server)
            if first is not server:
                message = f"{server.name} is {first.name} once more: the backend has one server less than it seems"
                yield at(word, message, (first.line.place, f"{first.name} has this address"))


RULE = Rule(
    name="duplicate-server",
    severity="error",
    what="two servers of a backend with the same address and port.",
    why="One of them was meant to be another host. That host gets no clients, and when the doubled one dies more of them "
    "are lost than the list of servers makes believe.",
    fix="give each server its own address",
    source="the article that this project began with",
    bad=Example(
        haproxy="""\
backend kubernetes
    server master-1 192.168.1.101:6443 check
    server master-2 «192.168.1.101:6443» check
"""
    ),
    good=Example(
        haproxy="""\
backend kubernetes
    server master-1 192.168.1.101:6443 check
    server master-2 192.168.1.101:6444 check
"""
    ),
    check=each_haproxy(check),
)
