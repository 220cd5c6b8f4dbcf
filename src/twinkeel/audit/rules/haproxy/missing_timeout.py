"""A proxy without one of the three timeouts."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_haproxy
from twinkeel.liveconfig.haproxy_model import HaproxyConfig, Proxy

_NEEDED = {"frontend": ("client",), "backend": ("connect", "server"), "listen": ("client", "connect", "server")}


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for proxy in config.proxies:
        missing = [name for name in _needed(proxy) if proxy.last("timeout", name) is None]
        if missing:
            names = " and ".join(f"timeout {name}" for name in missing)
            yield Finding(f"{proxy.section.kind} {proxy.name} has no {names}: {_then(missing)}", proxy.place)


def _then(missing: list[str]) -> str:
    if missing == ["connect"]:
        return "a client waits for a silent server as long as its kernel tries"
    return "connections that go silent are kept for ever"


def _needed(proxy: Proxy) -> tuple[str, ...]:
    if proxy.mode not in ("tcp", "http"):
        return ()
    # Without servers, as with a page of statistics, nothing is ever connected to.
    return tuple(name for name in _NEEDED[proxy.section.kind] if name == "client" or proxy.servers)


RULE = Rule(
    name="missing-timeout",
    severity="error",
    what="a frontend, backend or listen section without `timeout client`, `timeout connect` or `timeout server`.",
    why="Without them a connection whose other end has vanished is never closed. They pile up until `maxconn` is reached, and then "
    "nobody is served any more. Without `timeout connect` a silent server also keeps each new client waiting.",
    fix="`timeout connect`, `timeout client` and `timeout server` in `defaults`, so that no proxy lacks one",
    source="HAProxy's manual, `timeout client`; `haproxy -c` warns",
    bad=Example(
        haproxy="""\
defaults
    log global
    mode tcp
    timeout client 1h
    timeout server 1h

frontend endpoint
    bind *:6443
    default_backend kubernetes

«backend kubernetes»
    server master-1 192.168.1.101:6443 check
""",
        checker_complains=True,
    ),
    good=Example(
        haproxy="""\
defaults
    log global
    mode tcp
    timeout client 1h

frontend endpoint
    bind *:6443
    default_backend kubernetes

backend kubernetes
    timeout connect 1s
    timeout server 1h
    server master-1 192.168.1.101:6443 check

listen stats
    bind 127.0.0.1:8404
    mode http
    stats enable
"""
    ),
    check=each_haproxy(check),
)
