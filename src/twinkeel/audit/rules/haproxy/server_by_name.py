"""A server by name: without DNS, HAProxy does not start."""

import re
from collections.abc import Iterator
from ipaddress import ip_address

from twinkeel.audit.rule import Example, Finding, Rule, at, each_haproxy
from twinkeel.liveconfig.haproxy_model import HaproxyConfig, Server

_NAME = re.compile(r"[A-Za-z0-9_.-]*[A-Za-z][A-Za-z0-9_.-]*")


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for proxy in config.of_kind("backend", "listen"):
        for server in proxy.servers:
            word = server.address_word
            if word is not None and _is_name(server) and not server.has("resolvers") and not _may_fail(server):
                yield at(word, f"{server.address} is looked up at each start: without an answer HAProxy does not start")


def _is_name(server: Server) -> bool:
    address = server.address
    if address in ("localhost", "") or "@" in (server.address_word.text if server.address_word else ""):
        return False
    try:
        ip_address(address)
    except ValueError:
        return _NAME.fullmatch(address) is not None
    return False


def _may_fail(server: Server) -> bool:
    return "none" in server.text("init-addr").split(",") or bool(re.search(r"\d+\.\d+\.\d+\.\d+", server.text("init-addr")))


RULE = Rule(
    name="server-by-name",
    severity="warning",
    what="a server that is given by name, without `init-addr ... none` or `resolvers`.",
    why="HAProxy asks DNS once, when it starts, and refuses to start without an answer. After a power cut the load "
    "balancers come up before DNS, which may itself run in the cluster behind them.",
    fix="write the address; or `init-addr last,libc,none` with a `resolvers` section",
    source="HAProxy's manual, 5.2 `init-addr`",
    bad=Example(
        haproxy="""\
backend kubernetes
    server master-1 «localhost.localdomain:6443» check
""",
        checker_complains=True,
    ),
    good=Example(
        haproxy="""\
resolvers dns
    nameserver one 192.168.1.1:53

backend kubernetes
    server master-1 master-1.example.com:6443 check init-addr none resolvers dns
    server master-2 192.168.1.102:6443 check
"""
    ),
    check=each_haproxy(check),
)
