"""The PROXY protocol toward API servers, which do not speak it."""

from collections.abc import Iterator

from twinkeel.audit.kubernetes import api_backends
from twinkeel.audit.rule import Example, Finding, Rule, each_haproxy
from twinkeel.liveconfig.haproxy_model import HaproxyConfig

_SENDS = ("send-proxy", "send-proxy-v2", "send-proxy-v2-ssl", "send-proxy-v2-ssl-cn")


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for proxy in api_backends(config):
        for server in proxy.servers:
            found = [server.parameters[name] for name in _SENDS if server.has(name)]
            if found:
                yield Finding(
                    f"{server.name} gets a PROXY header before the TLS greeting: an API server refuses it", found[0].place
                )


RULE = Rule(
    name="proxy-protocol-to-api",
    severity="error",
    what="`send-proxy` or `send-proxy-v2` toward API servers.",
    why="kube-apiserver has no support for the PROXY protocol. It takes the header for a broken TLS record and closes; clients see "
    "`tls: first record does not look like a TLS handshake` or a record overflow.",
    fix="take it away; the client's address is in the frontend's log",
    source="kubernetes/kubernetes #76928",
    bad=Example(
        haproxy="""\
backend kubernetes
    server master-1 192.168.1.101:6443 check «send-proxy-v2»
"""
    ),
    good=Example(
        haproxy="""\
backend kubernetes
    server master-1 192.168.1.101:6443 check

backend ingress
    server worker-1 192.168.1.121:443 check send-proxy-v2
"""
    ),
    check=each_haproxy(check),
)
