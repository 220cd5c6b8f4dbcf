"""How long HAProxy's checks of one server take to find a fault, from its own timers. Pure."""

from dataclasses import dataclass

from twinkeel.liveconfig.haproxy_model import Proxy, Server
from twinkeel.liveconfig.times import whole_number
from twinkeel.vrrp import Range, server_detection

# HAProxy's manual, 5.2: `inter`, `fall`.
DEFAULT_INTER = 2.0
DEFAULT_FALL = 3


@dataclass(frozen=True, slots=True)
class ServerCheck:
    """Until a server is marked down: one that refuses connections, one that is silent, one that takes connections and says nothing.

    `hung` is None when the check never asks, so that it never finds it.
    """

    refused: Range
    silent: Range
    hung: Range | None


def server_check(proxy: Proxy, server: Server) -> ServerCheck | None:
    """The times of one server's checks; None when it is not checked.

    A check may take as long as `timeout check` says; its connection no longer than `timeout connect` or `inter`, the smaller of the
    two. Without `timeout check`, `inter` alone bounds all of it, and `timeout connect` does not count (HAProxy's manual, `timeout
    check`): with inter 10 s and timeout connect 5 s HAProxy 2.6.12 had not marked a silent server down after 45 s.
    """
    if not server.has("check"):
        return None
    inter = _or(server.seconds("inter"), DEFAULT_INTER)
    fast = _or(server.seconds("fastinter"), inter)
    fall = max(whole_number(server.text("fall")) or DEFAULT_FALL, 1)
    limit = proxy.seconds("timeout", "check")
    connect = inter if limit is None else min(_or(proxy.seconds("timeout", "connect"), inter), inter)
    answer = _or(limit, inter)
    silent = server_detection(inter, fast, fall, connect)
    hung = server_detection(inter, fast, fall, answer) if asks(proxy) else None
    if greets(proxy, server):
        # A hung process finishes no TLS handshake, which counts as part of the connection: HAProxy 2.6.12 says L6TOUT.
        hung = silent
    return ServerCheck(server_detection(inter, fast, fall, 0.0), silent, hung)


def asks(proxy: Proxy) -> bool:
    """Whether the check sends something and waits for an answer."""
    option = proxy.check_option
    if option is None:
        return False
    if option.value() != "tcp-check":
        return True
    return any(line.value() in ("expect", "send", "send-binary") for line in proxy.lines("tcp-check"))


def greets(proxy: Proxy, server: Server) -> bool:
    """Whether the check makes a TLS handshake. Rules of a kind of check that is not in force do nothing."""
    option = proxy.check_option
    kind = {"httpchk": "http-check", "tcp-check": "tcp-check"}.get(option.value() if option else "")
    lines = proxy.lines(kind, "connect") if kind else []
    return server.has("check-ssl") or server.has("ssl") or any(word.text == "ssl" for line in lines for word in line.words)


def _or(value: float | None, default: float) -> float:
    return default if value is None else value
