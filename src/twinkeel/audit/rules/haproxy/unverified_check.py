"""A check over TLS that trusts anybody."""

from collections.abc import Iterator

from twinkeel.audit.kubernetes import api_backends, count
from twinkeel.audit.rule import Example, Finding, Rule, each_haproxy
from twinkeel.liveconfig.haproxy_model import HaproxyConfig


def check(config: HaproxyConfig) -> Iterator[Finding]:
    for proxy in api_backends(config):
        trusting = [server for server in proxy.servers if server.text("verify") == "none" and server.has("check")]
        if trusting:
            message = f"the check trusts any certificate: whoever answers at the address of {count(trusting)} passes"
            yield Finding(message, trusting[0].parameters["verify"].place)


RULE = Rule(
    name="unverified-check",
    severity="warning",
    what="`verify none` on API servers that are checked over TLS.",
    why="Another machine that has taken a control-plane host's address, or an old cluster's host, passes the check, and a "
    "share of the clients is sent to it. They refuse its certificate, and see that as an outage.",
    fix="`verify required ca-file FILE verifyhost kubernetes`, with the cluster's own ca.crt",
    source="HAProxy's manual, 5.2 `verify`, `verifyhost`",
    bad=Example(
        haproxy="""\
backend kubernetes
    mode tcp
    option httpchk GET /readyz
    http-check expect status 200
    default-server check check-ssl «verify none»
    server master-1 192.168.1.101:6443
    server master-2 192.168.1.102:6443
"""
    ),
    good=Example(
        haproxy="""\
backend kubernetes
    mode tcp
    option tcp-check
    server master-1 192.168.1.101:6443 check

backend dashboard
    mode http
    server one 192.168.1.120:8443 check ssl verify none
"""
    ),
    check=each_haproxy(check),
)
