"""An HTTP check without TLS on servers that speak TLS."""

from collections.abc import Iterator

from twinkeel.audit.kubernetes import api_backends
from twinkeel.audit.rule import Example, Finding, Rule, each_haproxy
from twinkeel.liveconfig.haproxy_model import HaproxyConfig, Proxy, Server

_PLAIN_PORTS = (80, 8080)


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for proxy in api_backends(config):
        option = proxy.check_option
        if option is None or option.value() != "httpchk" or _connects_with_tls(proxy):
            continue
        plain = [server for server in proxy.servers if _is_plain(server)]
        if plain:
            message = (
                f"the check of {plain[0].name} speaks HTTP without TLS: an API server answers it with 400, so it is DOWN for good"
            )
            yield Finding(message, option.words[0].to(option.words[1]), ((plain[0].line.place, "has no check-ssl"),))


def _connects_with_tls(proxy: Proxy) -> bool:
    lines = [*proxy.lines("http-check", "connect"), *proxy.lines("tcp-check", "connect")]
    return any(word.text == "ssl" for line in lines for word in line.words)


def _is_plain(server: Server) -> bool:
    tls = server.has("check-ssl") or (server.has("ssl") and not server.has("port"))
    return server.has("check") and not tls and server.port not in _PLAIN_PORTS and server.text("port") not in ("80", "8080")


RULE = Rule(
    name="plain-http-check",
    severity="error",
    what="`option httpchk` toward API servers without `check-ssl` (or `http-check connect ssl`).",
    why="The API's port speaks TLS alone. A plain request gets `400 Client sent an HTTP request to an HTTPS server`, so "
    "every server is marked DOWN and the endpoint refuses everybody.",
    fix="add `check-ssl verify required ca-file FILE` to the servers",
    source="HAProxy's manual, 5.2 `check-ssl`; seen with HAProxy 2.6.12 and Kubernetes 1.20",
    bad=Example(
        haproxy="""\
backend kubernetes
    mode tcp
    «option httpchk» GET /readyz
    http-check expect status 200
    server master-1 192.168.1.101:6443 check
"""
    ),
    good=Example(
        haproxy="""\
backend kubernetes
    mode tcp
    option httpchk
    http-check connect ssl
    http-check send meth GET uri /readyz
    http-check expect status 200
    server master-1 192.168.1.101:6443 check verify none
"""
    ),
    check=each_haproxy(check),
)
